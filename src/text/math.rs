//! Mathematics in names: `\beta`, `E_q`, `10^3`, `x_{max}`, `\hat{z}`, `\mathcal{L}`, `\frac{1}{n}`,
//! `\sqrt{d}`, `\log`, as LaTeX writes it, for figures, tables and captions.
//!
//! An underscore lowers only after a single letter or a command, so that `test_kl` stays a name;
//! braces lower or raise anything. Words stay words: `beta` is no letter, `\beta` is.

use super::closest;

/// Size of sub- and superscripts against the text, and their shift in em of the text.
const SMALL: f64 = 0.7;
const RAISED: f64 = 0.36;
const LOWERED: f64 = -0.16;

/// A piece of text on one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub text: String,
    /// Size against that of the text.
    pub scale: f64,
    /// Of the baseline, upwards, in em of the text.
    pub shift: f64,
    /// Leaning, as letters of `\mathcal` are.
    pub slanted: bool,
    /// Set over the middle of the run before it, as a hat is, and takes no room.
    pub over: bool,
}

impl Run {
    /// Text as it is.
    pub fn plain(text: String) -> Self {
        Run {
            text,
            scale: 1.0,
            shift: 0.0,
            slanted: false,
            over: false,
        }
    }

    fn is_like(&self, other: &Run) -> bool {
        let same = |a: &Run| (a.scale, a.shift, a.slanted, a.over);
        same(self) == same(other) && !self.over
    }
}

/// A stretch of a name.
enum Item {
    Text(String),
    Math(Math),
}

struct Math {
    /// For LaTeX, without dollars.
    tex: String,
    runs: Vec<Run>,
    /// In one line of text.
    line: String,
}

/// Splits a name into runs.
pub fn parse(label: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for item in items(label).0 {
        let more = match item {
            Item::Text(text) => vec![Run::plain(text)],
            Item::Math(math) => math.runs,
        };
        // What a hat stands over is a run of its own.
        let whole = more.iter().all(|run| !run.over);
        for run in more {
            match runs.last_mut() {
                Some(last) if whole && last.is_like(&run) => last.text.push_str(&run.text),
                _ => runs.push(run),
            }
        }
    }
    runs
}

/// The name in one line of text: Greek letters, `x_max`, `a/b`.
pub fn in_line(label: &str) -> String {
    let items = items(label).0.into_iter().map(|item| match item {
        Item::Text(text) => text,
        Item::Math(math) => math.line,
    });
    items.collect()
}

/// The letters of the name alone, for screen readers.
pub fn plain(label: &str) -> String {
    parse(label).into_iter().map(|run| run.text).collect()
}

/// The name for LaTeX: mathematics between dollars, text through `escape`.
pub fn latex(label: &str, escape: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for item in items(label).0 {
        match item {
            Item::Text(part) => text.push_str(&escape(&part)),
            Item::Math(math) => {
                // Neighbours are one formula.
                match text.strip_suffix('$').filter(|text| !text.ends_with('\\')) {
                    Some(before) if before.contains('$') => text = format!("{before} "),
                    _ => text.push('$'),
                }
                text.push_str(&in_mathematics(&math.tex));
                text.push('$');
            }
        }
    }
    text
}

/// What stands between dollars with its letters and signs as commands, which every LaTeX takes.
fn in_mathematics(tex: &str) -> String {
    let mut text = String::with_capacity(tex.len());
    let mut chars = tex.chars().peekable();
    while let Some(c) = chars.next() {
        match command(c) {
            Some(name) => {
                text.push('\\');
                text.push_str(&name);
                let ends = name.ends_with(|c: char| c.is_ascii_alphabetic());
                if ends && chars.peek().is_some_and(char::is_ascii_alphabetic) {
                    text.push(' ');
                }
            }
            None => {
                if matches!(c, '%' | '#' | '&' | '$') && !text.ends_with('\\') {
                    text.push('\\');
                }
                text.push(c);
            }
        }
    }
    text
}

/// The command of LaTeX's mathematics for a letter or sign beyond ASCII.
fn command(c: char) -> Option<String> {
    let sign = || SYMBOLS.iter().find(|(_, sign)| *sign == c);
    let known = || sign().map(|(name, _)| tex_name(name));
    greek(c).or_else(|| known().filter(|_| !c.is_ascii()))
}

/// What LaTeX calls a Greek letter: `gamma`, `Gamma`, `mathrm{A}`.
pub fn greek(c: char) -> Option<String> {
    let find = |c: char| GREEK.iter().find(|(_, letter)| *letter == c);
    // The sign of a micrometre is no letter to Unicode.
    let c = if c == 'µ' { 'μ' } else { c };
    if let Some((name, _)) = find(c) {
        return Some(tex_name(name));
    }
    let (name, _) = c.to_lowercase().next().and_then(find)?;
    Some(tex_name(&(name[..1].to_ascii_uppercase() + &name[1..])))
}

/// The first mistake in the mathematics of a name, and what to do about it.
pub fn mistake(label: &str) -> Option<(String, String)> {
    items(label).1.into_iter().next()
}

/// Every command that there is, for suggestions.
fn commands() -> impl Iterator<Item = &'static str> {
    let symbols = SYMBOLS.iter().chain(GREEK).map(|(name, _)| *name);
    symbols
        .chain(FUNCTIONS.iter().copied())
        .chain(TAKING.iter().copied())
}

/// The stretches of a name, and what is wrong in them: a title and a help each.
fn items(label: &str) -> (Vec<Item>, Vec<(String, String)>) {
    let chars: Vec<char> = label.chars().collect();
    let mut reader = Reader {
        chars: &chars,
        at: 0,
        items: Vec::new(),
        mistakes: Vec::new(),
    };
    while reader.at < chars.len() {
        reader.step();
    }
    (reader.items, reader.mistakes)
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    items: Vec<Item>,
    mistakes: Vec<(String, String)>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let found = match self.chars[self.at] {
            '\\' => self.command(),
            '_' | '^' => self.script(),
            _ => None,
        };
        match found {
            Some((math, end)) => {
                self.items.push(Item::Math(math));
                self.at = end;
            }
            None => {
                let c = self.chars[self.at];
                match self.items.last_mut() {
                    Some(Item::Text(text)) => text.push(c),
                    _ => self.items.push(Item::Text(c.to_string())),
                }
                self.at += 1;
            }
        }
    }

    /// The command that begins here, and where reading goes on.
    fn command(&mut self) -> Option<(Math, usize)> {
        let letters = self.chars[self.at + 1..].iter();
        let name: String = letters.take_while(|c| c.is_ascii_alphabetic()).collect();
        let end = self.at + 1 + name.len();
        if let Some(symbol) = symbol(&name) {
            let text = symbol.to_string();
            return Some((
                math(
                    format!("\\{}", tex_name(&name)),
                    Run::plain(text.clone()),
                    text,
                ),
                end,
            ));
        }
        if FUNCTIONS.contains(&name.as_str()) {
            return Some((
                math(format!("\\{name}"), Run::plain(name.clone()), name),
                end,
            ));
        }
        if !TAKING.contains(&name.as_str()) {
            if name.len() > 1 {
                self.unknown(&name);
            }
            return None;
        }
        let (first, mut end) = self.argument(&name, end)?;
        let mut tex = format!("\\{name}{{{}}}", minus_sign(&first));
        let mut runs = parse(&first);
        let mut line = in_line(&first);
        match name.as_str() {
            "frac" => {
                let (second, after) = self.argument(&name, end)?;
                end = after;
                tex.push_str(&format!("{{{}}}", minus_sign(&second)));
                runs = scaled(runs, RAISED);
                runs.push(Run::plain("/".to_owned()));
                runs.extend(scaled(parse(&second), LOWERED));
                line = format!("{}/{}", grouped(&line), grouped(&in_line(&second)));
            }
            "sqrt" => {
                let inner = grouped(&line);
                if inner != line {
                    runs.insert(0, Run::plain("(".to_owned()));
                    runs.push(Run::plain(")".to_owned()));
                }
                runs.insert(0, Run::plain("√".to_owned()));
                line = format!("√{inner}");
            }
            "hat" | "tilde" | "bar" => {
                let (mark, combining) = match name.as_str() {
                    "hat" => ("^", '\u{302}'),
                    "tilde" => ("~", '\u{303}'),
                    _ => ("¯", '\u{304}'),
                };
                let shift = if mark == "~" { 0.34 } else { 0.12 };
                runs.push(Run {
                    shift,
                    over: true,
                    scale: 0.9,
                    ..Run::plain(mark.to_owned())
                });
                line.push(combining);
            }
            "mathcal" | "mathit" => runs.iter_mut().for_each(|run| run.slanted = true),
            _ => {}
        }
        Some((Math { tex, runs, line }, end))
    }

    /// What a command takes in braces here, and where reading goes on.
    fn argument(&mut self, name: &str, at: usize) -> Option<(String, usize)> {
        if self.chars.get(at) != Some(&'{') {
            let help = match name {
                "frac" => "write `\\frac{1}{n}`".to_owned(),
                "sqrt" => "write `\\sqrt{x}`; other roots are `x^{1/3}`".to_owned(),
                name => format!("write `\\{name}{{x}}`"),
            };
            let title = match name {
                "frac" => "`\\frac` takes two arguments in braces".to_owned(),
                name => format!("`\\{name}` takes an argument in braces"),
            };
            self.mistakes.push((title, help));
            return None;
        }
        self.checked(at)
    }

    /// What stands in braces here, with what is wrong in it.
    fn checked(&mut self, at: usize) -> Option<(String, usize)> {
        let found = self.braces(at);
        match &found {
            Some((inner, _)) => self.mistakes.extend(items(inner).1),
            None if self.chars.get(at) == Some(&'{') => {
                let rest: String = self.chars[at..].iter().collect();
                let help = "each `{` of a script or an argument has its `}`".to_owned();
                self.mistakes
                    .push((format!("the brace of `{rest}` is not closed"), help));
            }
            None => {}
        }
        found
    }

    fn unknown(&mut self, name: &str) {
        let help = match closest(name, commands()) {
            Some(meant) => format!("did you mean `\\{meant}`?"),
            None => "write letters as such, or a command of LaTeX's mathematics".to_owned(),
        };
        let title = format!("`\\{name}` is no command that figures and tables know");
        self.mistakes.push((title, help));
    }

    /// What stands in braces here, and where reading goes on.
    fn braces(&self, at: usize) -> Option<(String, usize)> {
        if self.chars.get(at) != Some(&'{') {
            return None;
        }
        let mut depth = 0;
        for (i, c) in self.chars.iter().enumerate().skip(at) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some((self.chars[at + 1..i].iter().collect(), i + 1));
            }
        }
        None
    }

    /// The script that begins here with what it stands at, and where reading goes on.
    fn script(&mut self) -> Option<(Math, usize)> {
        let raised = self.chars[self.at] == '^';
        let before = match self.items.last() {
            Some(Item::Text(text)) => text.as_str(),
            _ => "",
        };
        let after_math = matches!(self.items.last(), Some(Item::Math(_)));
        let word: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .collect();
        let (inner, end) = match self.checked(self.at + 1) {
            Some(found) => found,
            None => {
                let follows = |c: &char| match raised {
                    true => c.is_ascii_digit() || matches!(c, '-' | '−' | '+' | '*'),
                    false => c.is_alphanumeric(),
                };
                let applies = match raised {
                    true => !word.is_empty() || after_math,
                    false => word.chars().count() == 1 || (word.is_empty() && after_math),
                };
                let rest = &self.chars[self.at + 1..];
                let inner: String = match rest.first() {
                    Some('\\') => {
                        let letters = rest[1..].iter().take_while(|c| c.is_ascii_alphabetic());
                        let name: String = letters.collect();
                        symbol(&name)?;
                        format!("\\{name}")
                    }
                    _ => rest.iter().take_while(|c| follows(c)).collect(),
                };
                let length = inner.chars().count();
                if length == 0 || !applies {
                    return None;
                }
                (inner.replace('-', "−"), self.at + 1 + length)
            }
        };
        let mark = if raised { '^' } else { '_' };
        let shift = if raised { RAISED } else { LOWERED };
        let base = self.base(&word);
        let mut runs = base.runs;
        runs.extend(scaled(parse(&inner), shift));
        Some((
            Math {
                tex: format!("{}{mark}{{{}}}", base.tex, minus_sign(&inner)),
                runs,
                line: format!("{}{mark}{}", base.line, in_line(&inner)),
            },
            end,
        ))
    }

    /// What a script stands at, taken from what was read: mathematics, or the word before it.
    fn base(&mut self, reversed: &str) -> Math {
        match self.items.pop() {
            Some(Item::Math(math)) => math,
            Some(Item::Text(mut text)) => {
                let word: String = reversed.chars().rev().collect();
                text.truncate(text.len() - word.len());
                if !text.is_empty() {
                    self.items.push(Item::Text(text));
                }
                let tex = match word.chars().count() {
                    0 => "{}".to_owned(),
                    1 => word.clone(),
                    _ if word.chars().all(|c| c.is_ascii_digit()) => word.clone(),
                    _ => format!("\\mathrm{{{word}}}"),
                };
                let run = Run::plain(word.clone());
                math(tex, run, word)
            }
            None => math("{}".to_owned(), Run::plain(String::new()), String::new()),
        }
    }
}

fn math(tex: String, run: Run, line: String) -> Math {
    let runs = if run.text.is_empty() {
        Vec::new()
    } else {
        vec![run]
    };
    Math { tex, runs, line }
}

/// Runs as a script: smaller, and shifted.
fn scaled(runs: Vec<Run>, shift: f64) -> Vec<Run> {
    let runs = runs.into_iter().map(|run| Run {
        scale: run.scale * SMALL,
        shift: shift + SMALL * run.shift,
        ..run
    });
    runs.collect()
}

/// In parentheses, if it is more than one letter or number.
fn grouped(text: &str) -> String {
    match text.chars().count() > 1 && !text.chars().all(|c| c.is_ascii_digit()) {
        true => format!("({text})"),
        false => text.to_owned(),
    }
}

fn minus_sign(text: &str) -> String {
    text.replace('−', "-")
}

/// Commands with an argument in braces.
const TAKING: &[&str] = &[
    "frac", "sqrt", "hat", "tilde", "bar", "mathcal", "mathit", "mathrm", "mathbf", "mathbb",
    "text",
];

/// Commands that are set as their own names.
const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "max", "min", "sup", "inf", "arg", "det", "lim", "dim", "sin", "cos",
    "tan", "Pr",
];

/// Signs by the names of LaTeX.
const SYMBOLS: &[(&str, char)] = &[
    ("le", '≤'),
    ("leq", '≤'),
    ("ge", '≥'),
    ("geq", '≥'),
    ("ne", '≠'),
    ("neq", '≠'),
    ("approx", '≈'),
    ("sim", '~'),
    ("pm", '±'),
    ("times", '×'),
    ("cdot", '·'),
    ("infty", '∞'),
    ("to", '→'),
    ("rightarrow", '→'),
    ("leftarrow", '←'),
    ("uparrow", '↑'),
    ("downarrow", '↓'),
    ("mid", '|'),
    ("Vert", '‖'),
    ("parallel", '‖'),
    ("partial", '∂'),
    ("sum", '∑'),
    ("int", '∫'),
    ("ell", 'ℓ'),
    ("ldots", '…'),
    ("dots", '…'),
    ("prime", '′'),
    ("degree", '°'),
];

const GREEK: &[(&str, char)] = &[
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("varepsilon", 'ε'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("vartheta", 'ϑ'),
    ("iota", 'ι'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("nu", 'ν'),
    ("xi", 'ξ'),
    ("omicron", 'ο'),
    ("pi", 'π'),
    ("rho", 'ρ'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("upsilon", 'υ'),
    ("phi", 'φ'),
    ("varphi", 'φ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
];

/// The sign or letter of a name; a Greek name with a capital is the capital.
fn symbol(name: &str) -> Option<char> {
    let find = |list: &[(&str, char)], name: &str| {
        let found = list.iter().find(|(known, _)| *known == name);
        found.map(|(_, letter)| *letter)
    };
    if let Some(sign) = find(SYMBOLS, name) {
        return Some(sign);
    }
    let letter = find(GREEK, &name.to_ascii_lowercase())?;
    match name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => letter.to_uppercase().next(),
        false => Some(letter),
    }
}

/// The name as LaTeX knows it: capitals that look Latin have none.
fn tex_name(name: &str) -> String {
    match name {
        "Alpha" => "mathrm{A}",
        "Beta" => "mathrm{B}",
        "Epsilon" => "mathrm{E}",
        "Zeta" => "mathrm{Z}",
        "Eta" => "mathrm{H}",
        "Iota" => "mathrm{I}",
        "Kappa" => "mathrm{K}",
        "Mu" => "mathrm{M}",
        "Nu" => "mathrm{N}",
        "omicron" => "mathit{o}",
        "Omicron" => "mathrm{O}",
        "Rho" => "mathrm{P}",
        "Tau" => "mathrm{T}",
        "Chi" => "mathrm{X}",
        "epsilon" => "varepsilon",
        "phi" => "varphi",
        "degree" => "mathrm{^\\circ}",
        name => name,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(label: &str) -> String {
        let runs = parse(label).into_iter().map(|run| match run.shift {
            _ if run.over => format!("<{}>", run.text),
            shift if shift > 0.0 => format!("^({})", run.text),
            shift if shift < 0.0 => format!("_({})", run.text),
            _ => run.text,
        });
        runs.collect()
    }

    #[test]
    fn letters_and_numbers_take_scripts() {
        assert_eq!(shown("E_q[log p]"), "E_(q)[log p]");
        assert_eq!(shown("10^-3"), "10^(−3)");
        assert_eq!(shown("x_{max}^2"), "x_(max)^(2)");
        assert_eq!(shown(r"\beta-VAE, \Sigma_0"), "β-VAE, Σ_(0)");
    }

    #[test]
    fn names_stay_names() {
        assert_eq!(shown("test_kl"), "test_kl");
        assert_eq!(shown(r"a\b"), r"a\b");
        assert_eq!(shown("x_"), "x_");
        assert_eq!(shown("x_{a"), "x_{a");
        assert_eq!(shown("beta and log"), "beta and log");
        assert_eq!(plain("10^3"), "103");
        assert_eq!(in_line(r"\beta by z_1"), "β by z_1");
    }

    #[test]
    fn formulas_are_set() {
        assert_eq!(shown(r"\mathcal{L}_\theta"), "L_(θ)");
        assert_eq!(shown(r"\hat{z} \le \frac{1}{n}"), "z<^> ≤ ^(1)/_(n)");
        assert_eq!(shown(r"p_\theta(x)"), "p_(θ)(x)");
        // The hat stands over z alone.
        assert!(parse(r"of \hat{z}").contains(&Run::plain("z".to_owned())));
        assert_eq!(in_line(r"\sqrt{d+1} \log p"), "√(d+1) log p");
        assert_eq!(in_line(r"\frac{a+b}{2}"), "(a+b)/2");
    }

    #[test]
    fn latex_has_mathematics_between_dollars() {
        let tex = |label| latex(label, |text: &str| text.replace('_', r"\_"));
        assert_eq!(tex(r"\beta-VAE"), r"$\beta$-VAE");
        assert_eq!(tex("test_kl of z_1"), r"test\_kl of $z_{1}$");
        assert_eq!(tex("10^-3"), "$10^{-3}$");
        assert_eq!(
            tex("γ_1, ΔE^2, x_{λ≤5%}"),
            r"$\gamma_{1}$, $\mathrm{\Delta E}^{2}$, $x_{\lambda\le5\%}$"
        );
        assert_eq!(greek('Ε').as_deref(), Some("mathrm{E}"));
        assert_eq!(
            tex(r"\mathcal{L}_{\theta}\beta"),
            r"$\mathcal{L}_{\theta} \beta$"
        );
    }

    #[test]
    fn commands_that_are_none_are_told() {
        let said = |label: &str| mistake(label).map(|(title, help)| format!("{title}: {help}"));
        let told = said(r"\betta and \foo{x}, \beta").expect("a mistake");
        assert!(
            told.contains(r"`\betta` is no command") && told.contains(r"did you mean `\beta`?"),
            "{told}"
        );
        assert_eq!(said(r"C:\n and \b, x_, {a}, \frac{1}{n}"), None);
        for (label, part) in [
            (r"\sqrt[3]{x}", r"`\sqrt` takes an argument in braces"),
            (r"\frac{x} y", r"`\frac` takes two arguments in braces"),
            (r"\alpha_{1", "the brace of `{1` is not closed"),
            (r"\hat{z", "the brace of `{z` is not closed"),
            (r"\sqrt{\foo}", r"`\foo` is no command"),
            (r"x_{\foo}", r"`\foo` is no command"),
        ] {
            let told = said(label).unwrap_or_default();
            assert!(told.contains(part), "{label}: {told}");
        }
    }
}
