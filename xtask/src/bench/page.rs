//! The figures as one HTML page with pictures, which needs nothing beside it: no network, no script, no other file.

mod bars;
#[cfg(test)]
mod samples;
mod stack;
mod text;

use super::figures::{Figure, Figures, Shape};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use text::escape;

/// Where it is, relative to the directory for what is built.
pub const FILE: &str = "bench/index.html";

const STYLE: &str = include_str!("page/style.css");

/// The page: measurements with their descriptions.
pub fn html(all: &[(&str, &Figures)]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>pxHV: what it costs</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>pxHV: what it costs</h1>\n\
         <p>Made by <code>cargo xtask bench</code>. Instructions are counted in an emulator: the same on every run within 1 %, and no \
         seconds. A line through a bar is its target or its limit. The less, the better.</p>\n"
    );
    for (what, figures) in all {
        section(&mut page, what, figures).expect("a String takes everything");
    }
    made_with(&mut page, all).expect("a String takes everything");
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn section(page: &mut String, what: &str, figures: &Figures) -> std::fmt::Result {
    let name = escape(&figures.name);
    writeln!(page, "<section id=\"{name}\">\n<h2>{name}</h2>\n<p>{}</p>", escape(what))?;
    for group in groups(figures) {
        let (svg, caption) = match group[0].shape {
            Shape::Part => (stack::svg(&group), stack::caption(&group)),
            Shape::Bar | Shape::Hidden => (bars::svg(&group), bars::caption(&group)),
        };
        writeln!(page, "<figure>\n{svg}<figcaption>{}</figcaption>\n</figure>", escape(&caption))?;
    }
    table(page, figures)?;
    writeln!(page, "</section>")
}

/// The figures of each picture.
fn groups(figures: &Figures) -> Vec<Vec<&Figure>> {
    let mut groups: Vec<Vec<&Figure>> = Vec::new();
    for figure in figures.list.iter().filter(|figure| figure.shape != Shape::Hidden) {
        let is_alike =
            |group: &&mut Vec<&Figure>| group[0].shape == figure.shape && group[0].unit == figure.unit;
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(figure),
            None => groups.push(vec![figure]),
        }
    }
    groups
}

/// All figures, those in the pictures, too: what a picture says must not be in the picture only.
fn table(page: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(
        page,
        "<details>\n<summary>All figures as a table</summary>\n<table>\n<thead><tr><th>figure</th>"
    )?;
    writeln!(page, "<th>value</th><th>unit</th><th>target</th><th>limit</th></tr></thead>\n<tbody>")?;
    for figure in &figures.list {
        let class = if figure.is_within_limit() { "" } else { " class=\"over\"" };
        let bound = |bound: Option<f64>| bound.map_or_else(String::new, |bound| figure.show(bound));
        let indented = if figure.name.starts_with(' ') { " class=\"part\"" } else { "" };
        writeln!(
            page,
            "<tr{class}><th scope=\"row\"{indented}>{}</th><td>{}</td><td class=\"unit\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(figure.name.trim()),
            figure.show(figure.value),
            escape(&figure.unit),
            bound(figure.target),
            bound(figure.limit),
        )?;
    }
    writeln!(page, "</tbody>\n</table>\n</details>")
}

fn made_with(page: &mut String, all: &[(&str, &Figures)]) -> std::fmt::Result {
    let tools: BTreeSet<_> = all.iter().flat_map(|(_, figures)| &figures.made_with).collect();
    writeln!(page, "<section>\n<h2>Made with</h2>\n<ul>")?;
    for (what, version) in tools {
        writeln!(page, "<li>{}: {}</li>", escape(what), escape(version))?;
    }
    writeln!(page, "</ul>\n</section>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        let mut boot = Figures::new("boot");
        boot.depend_on("rustc", "1.95 <b>");
        boot.count("stage \"1\" & <2>", 300, "instructions").drawn(Shape::Part);
        boot.count("stage 3", 700, "instructions").drawn(Shape::Part);
        boot.ratio("  to native", 3, 2, Some(1.1));
        boot.count("in", 5, "exits").drawn(Shape::Bar);
        boot.count("out", 6, "</svg>").drawn(Shape::Bar).target(5);
        boot.count("stage 4", 100, "instructions").drawn(Shape::Part);
        html(&[("what it is > was", &boot)])
    }

    /// What is open when the page ends.
    fn unclosed(page: &str) -> Vec<&str> {
        let mut open = Vec::new();
        for tag in page.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("each < begins a tag");
            let name = tag.split([' ', '\n']).next().unwrap();
            if let Some(closed) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "in {page}");
            } else if !tag.ends_with('/') && !["!DOCTYPE", "meta"].contains(&name) {
                open.push(name);
            }
        }
        open
    }

    #[test]
    fn the_page_is_well_formed_whatever_the_names_are() {
        let page = page();
        assert!(unclosed(&page).is_empty());
        assert!(page.contains("stage &quot;1&quot; &amp; &lt;2&gt;"));
        assert!(page.contains("what it is &gt; was") && page.contains("1.95 &lt;b&gt;"));
        assert!(!page.contains("<b>") && page.matches("</svg>").count() == 3);
    }

    #[test]
    fn figures_of_one_kind_make_a_picture() {
        let page = page();
        assert_eq!(page.matches("<figure>").count(), 3, "the stages, and a picture for each of two units");
        assert_eq!(page.matches("<tr").count(), 1 + 6, "all of them are in the table");
        assert!(page.contains("class=\"over\""), "1.5 is more than 1.1");
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = page();
        for foreign in ["http", "<script", "<link", "@import", "url(", "src="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
