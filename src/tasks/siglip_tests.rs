//! Whole steps against PyTorch.

use crate::tasks::traces::follow;

#[test]
fn steps_are_those_of_the_paper() {
    follow(include_str!("../../tests/fixtures/tasks/siglip.json"));
}
