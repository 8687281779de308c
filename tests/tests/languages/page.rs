//! `docs/authors/languages.md`: its blocks of code, and what each shows.

use std::fs;

use presetter_tests::root;

/// A block between fences.
struct Block {
    /// What stands behind the opening fence: `sh`.
    language: String,
    /// The last line of text before it.
    before: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = fs::read_to_string(root().join("docs/authors/languages.md")).unwrap();
    let (mut blocks, mut before) = (Vec::new(), String::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let (before, language) = (std::mem::take(&mut before), language.to_owned());
            blocks.push(Block { language, before, text: inside.join("\n") + "\n" });
        } else if !line.is_empty() {
            line.clone_into(&mut before);
        }
    }
    blocks
}

/// The commands that build an example, as the page shows them: from the project's root on.
pub(crate) fn commands(example: &str) -> String {
    let first = format!("cd plugins/examples/{example}\n");
    let mut found = blocks().into_iter().filter(|block| block.language == "sh" && block.text.starts_with(&first));
    let found = (found.next(), found.next());
    let (Some(block), None) = found else { panic!("the page has not one block of sh that begins with {first}") };
    block.text
}

#[test]
fn the_code_on_the_page_is_that_of_the_examples() {
    let shown: Vec<Block> = blocks().into_iter().filter(|block| block.language != "sh").collect();
    for block in &shown {
        let file = block.before.strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
        let file = file.unwrap_or_else(|| panic!("in front of this block no line names its file:\n{}", block.text));
        let text = fs::read_to_string(root().join(file)).unwrap();
        let difference = presetter_tests::diff(&text, &block.text);
        assert!(text == block.text, "the page does not show what is in {file}:\n{difference}");
    }
    let languages: Vec<&str> = shown.iter().map(|block| block.language.as_str()).collect();
    assert_eq!(languages, ["toml", "toml", "rust", "js", "js", "python"]);
}

#[test]
fn the_examples_say_how_they_are_built_as_the_page_does() {
    for example in ["rust", "javascript", "python"] {
        let readme = fs::read_to_string(root().join("plugins/examples").join(example).join("README.md")).unwrap();
        let commands = commands(example);
        let indented: String = commands.lines().skip(1).map(|line| format!("    {line}\n")).collect();
        assert!(readme.contains(&indented), "plugins/examples/{example}/README.md has not:\n{indented}");
    }
}
