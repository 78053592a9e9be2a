use super::*;

const HOW: How = How {
    k: 1,
    context: 1,
    temperature: 0.1,
    radius: None,
};

/// Three frames of 1 × 4 places in which two things, told by two numbers, go one place to the right.
fn moving() -> Vec<f32> {
    let frame = |at: usize| {
        let mut planes = vec![0.1f32; 3 * 4];
        planes[8..].fill(1.0); // what is behind
        for (thing, place) in [at, at + 1].into_iter().enumerate() {
            planes[thing * 4 + place] = 1.0;
            planes[8 + place] = 0.0;
        }
        planes
    };
    (0..3).flat_map(frame).collect()
}

#[test]
fn labels_go_where_what_is_alike_goes() {
    let first = vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let labels = carry(&moving(), [3, 3, 1, 4], first, &HOW);
    for (at, labels) in labels.iter().enumerate() {
        let found = likeliest(labels, [1, 4], [1, 4]);
        let mut wanted = [0; 4];
        (wanted[at], wanted[at + 1]) = (1, 2);
        assert_eq!(found, wanted, "{at}");
    }
}

#[test]
fn what_is_too_far_away_is_not_pointed_at() {
    // the thing jumps from the left end to the right one
    let mut planes = vec![0.0f32; 2 * 2 * 6];
    planes[6..12].fill(1.0);
    planes[18..24].fill(1.0);
    (planes[0], planes[6]) = (1.0, 0.0);
    (planes[12 + 5], planes[18 + 5]) = (1.0, 0.0);
    let first: Vec<f32> = (0..6)
        .flat_map(|at| if at == 0 { [0.0, 1.0] } else { [1.0, 0.0] })
        .collect();
    let found = |radius| {
        let labels = carry(&planes, [2, 2, 1, 6], first.clone(), &How { radius, ..HOW });
        likeliest(&labels[1], [1, 6], [1, 6])
    };
    assert_eq!(found(None), [0, 0, 0, 0, 0, 1]);
    assert_eq!(found(Some(2)), [0; 6]);
}

/// The values of `tests/fixtures/evaluation/carry.py`.
#[test]
fn values_are_numpys() {
    let text = include_str!("../../tests/fixtures/evaluation/carry.json");
    let fixture: serde_json::Value = serde_json::from_str(text).expect("a fixture");
    let numbers = |value: &serde_json::Value| -> Vec<f32> {
        let list = value.as_array().expect("a list").iter();
        list.map(|x| x.as_f64().expect("a number") as f32).collect()
    };
    let size = |name: &str| fixture[name].as_u64().expect("a size") as usize;
    let sizes = ["t", "d", "h", "w"].map(size);
    for case in fixture["cases"].as_array().expect("cases") {
        let how = How {
            k: case["k"].as_u64().expect("k") as usize,
            context: case["context"].as_u64().expect("a number") as usize,
            temperature: case["temperature"].as_f64().expect("a number"),
            radius: case["radius"].as_u64().map(|radius| radius as usize),
        };
        let labels = carry(
            &numbers(&fixture["features"]),
            sizes,
            numbers(&fixture["first"]),
            &how,
        );
        let wanted = case["labels"].as_array().expect("frames");
        for (found, wanted) in labels.iter().zip(wanted) {
            for (found, wanted) in found.iter().zip(numbers(wanted)) {
                assert!((found - wanted).abs() < 1e-5, "{how:?}: {found}, {wanted}");
            }
        }
        let last = &labels[sizes[0] - 1];
        let found = likeliest(last, [sizes[2], sizes[3]], [size("height"), size("width")]);
        let wanted: Vec<usize> = numbers(&case["likeliest"])
            .iter()
            .map(|x| *x as usize)
            .collect();
        assert_eq!(found, wanted);
    }
}
