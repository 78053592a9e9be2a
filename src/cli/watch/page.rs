//! The report with how far the run is above it, which renews itself.

use crate::report::{Progress, State};

/// Asks how far it is, and takes the page anew where something changed. What was open and where somebody reads stays.
const SCRIPT: &str = r##"
(() => {
  let version = document.getElementById("live").dataset.version;
  const parts = ["#live", "body > header", "body > nav", "body > main"];
  const tick = async () => {
    try {
      const now = await (await fetch("/progress", { cache: "no-store" })).json();
      if (now.version !== version && !document.hidden) {
        const text = await (await fetch("/", { cache: "no-store" })).text();
        const page = new DOMParser().parseFromString(text, "text/html");
        for (const part of parts) {
          const old = document.querySelector(part), fresh = page.querySelector(part);
          if (old && fresh) old.replaceWith(document.adoptNode(fresh));
        }
        version = now.version;
      }
    } catch {
      document.querySelector("#live p").textContent = "pretext watch has ended: this is the last that it said";
    }
    setTimeout(tick, 2000);
  };
  setTimeout(tick, 2000);
})();
"##;

const STYLE: &str = "#live { position: sticky; top: 0; z-index: 9; padding: .5rem 1rem; background: Canvas; color: CanvasText; \
    border-bottom: 1px solid GrayText; font: 14px/1.5 system-ui, sans-serif } #live p { margin: 0; font-weight: 600 } \
    #live ol { margin: .25rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none } \
    #live progress { width: 8rem; vertical-align: middle }";

/// Text as it stands in a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn live(progress: &Progress, version: &str) -> String {
    let mut out = format!(
        "<div id=\"live\" data-version=\"{}\" role=\"status\"><p>{}</p><ol>",
        escaped(version),
        escaped(&progress.line())
    );
    for stage in &progress.stages {
        let bar = match (stage.state, stage.step) {
            (State::Begun, Some(step)) if stage.steps > 0 => format!(
                " <progress value=\"{step}\" max=\"{}\"></progress>",
                stage.steps
            ),
            _ => String::new(),
        };
        out += &format!(
            "<li><b>{}</b>{bar} {}</li>",
            escaped(&stage.stage),
            escaped(&super::details(stage))
        );
    }
    out + "</ol></div>"
}

/// The report's page with what is live in it. `nonce`: by which the browser knows the script as this program's.
pub(super) fn page(report: &str, progress: &Progress, version: &str, nonce: &str) -> String {
    let live = live(progress, version);
    let head = format!(
        "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript><style>{STYLE}</style></head>"
    );
    let script = format!("<script nonce=\"{nonce}\">{SCRIPT}</script></body>");
    let with_head = report.replacen("</head>", &head, 1);
    let with_live = with_head.replacen("<body>", &format!("<body>{live}"), 1);
    match with_live.rfind("</body>") {
        Some(at) => format!(
            "{}{script}{}",
            &with_live[..at],
            &with_live[at + "</body>".len()..]
        ),
        None => with_live,
    }
}
