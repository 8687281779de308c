//! What a rendering takes, for each place that a value can stand in.

use std::hint::black_box;
use std::time::Instant;

use presetter_template::{Context, Template};
use serde_json::json;

use crate::stage::Stage;
use crate::table::Section;

/// A template for each place.
const TEMPLATES: [(&str, Context, &str); 5] = [
    (
        "a JSON body of five members",
        Context::Json,
        r#"{"operation": "create_user", "user_id": {{user_id}}, "name": "{{name}} (staff)", "type": {{type}}, "email": {{optional email}}}"#,
    ),
    ("a segment of a path", Context::PathSegment, "{{user_id}}"),
    ("a value of a query", Context::Query, "{{name}}"),
    ("a header", Context::Header, "Bearer {{user_id}}"),
    ("a value of a form", Context::Form, "{{name}}"),
];

/// See the module.
pub(crate) fn templates(stage: &Stage<'_>) -> Vec<Section> {
    let mut section = Section::new("Rendering a template that is compiled");
    let values =
        json!({ "user_id": "e 1/2", "name": "Sarah \"O\" Brien", "type": "ENDUSER", "email": "s@example.com" });
    let values = values.as_object().unwrap();
    let (rounds, times) = (stage.kit.of(51, 5), 2_000_u32);
    let templates = TEMPLATES.map(|(what, context, source)| (what, Template::compile(source, context).unwrap()));
    let mut figures: [Vec<f64>; TEMPLATES.len()] = Default::default();
    for round in 0..=rounds {
        for ((_, template), figures) in templates.iter().zip(&mut figures) {
            let started = Instant::now();
            for _ in 0..times {
                black_box(template.render(black_box(values)).unwrap());
            }
            if round > 0 {
                figures.push(started.elapsed().as_nanos() as f64 / f64::from(times));
            }
        }
    }
    for ((what, _), figures) in templates.iter().zip(figures) {
        section.line("a rendering", what, "ns", figures);
    }
    vec![section]
}
