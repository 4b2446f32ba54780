//! The commands that names may have, and how LaTeX writes letters and signs beyond ASCII.

/// Every command that there is, for suggestions.
pub(super) fn commands() -> impl Iterator<Item = &'static str> {
    let symbols = SYMBOLS.iter().chain(GREEK).map(|(name, _)| *name);
    symbols
        .chain(FUNCTIONS.iter().copied())
        .chain(TAKING.iter().copied())
}

/// Commands with an argument in braces.
pub(super) const TAKING: &[&str] = &[
    "frac", "sqrt", "hat", "tilde", "bar", "mathcal", "mathit", "mathrm", "mathbf", "mathbb",
    "text",
];

/// Commands that are set as their own names.
pub(super) const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "max", "min", "sup", "inf", "arg", "det", "lim", "liminf", "limsup", "dim",
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "Pr",
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
    ("mp", '∓'),
    ("div", '÷'),
    ("ast", '∗'),
    ("circ", '∘'),
    ("bullet", '•'),
    ("oplus", '⊕'),
    ("otimes", '⊗'),
    ("odot", '⊙'),
    ("equiv", '≡'),
    ("simeq", '≃'),
    ("cong", '≅'),
    ("propto", '∝'),
    ("ll", '≪'),
    ("gg", '≫'),
    ("nabla", '∇'),
    ("prod", '∏'),
    ("in", '∈'),
    ("notin", '∉'),
    ("ni", '∋'),
    ("subset", '⊂'),
    ("subseteq", '⊆'),
    ("supset", '⊃'),
    ("supseteq", '⊇'),
    ("cup", '∪'),
    ("cap", '∩'),
    ("setminus", '∖'),
    ("emptyset", '∅'),
    ("forall", '∀'),
    ("exists", '∃'),
    ("neg", '¬'),
    ("wedge", '∧'),
    ("vee", '∨'),
    ("top", '⊤'),
    ("perp", '⊥'),
    ("langle", '⟨'),
    ("rangle", '⟩'),
    ("lfloor", '⌊'),
    ("rfloor", '⌋'),
    ("lceil", '⌈'),
    ("rceil", '⌉'),
    ("leftrightarrow", '↔'),
    ("mapsto", '↦'),
    ("Rightarrow", '⇒'),
    ("Leftarrow", '⇐'),
    ("Leftrightarrow", '⇔'),
    ("nearrow", '↗'),
    ("searrow", '↘'),
    ("cdots", '⋯'),
    ("dagger", '†'),
    ("hbar", 'ℏ'),
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
pub(super) fn symbol(name: &str) -> Option<char> {
    let find = |list: &[(&str, char)], name: &str| {
        let found = list.iter().find(|(known, _)| *known == name);
        found.map(|(_, letter)| *letter)
    };
    if let Some(sign) = find(SYMBOLS, name) {
        return Some(sign);
    }
    if let Some(letter) = find(GREEK, name) {
        return Some(letter);
    }
    // Only the letter itself has a capital, and `\BETA` is none.
    let (first, rest) = (name.chars().next()?, name.get(1..)?);
    let small = format!("{}{rest}", first.to_ascii_lowercase());
    let letter = find(GREEK, &small).filter(|_| first.is_ascii_uppercase());
    letter
        .filter(|_| !small.starts_with("var"))
        .and_then(|letter| letter.to_uppercase().next())
}

/// A capital in script, as `\mathcal` sets it. Some of them are older than the block of the others.
pub(super) fn script(c: char) -> Option<char> {
    Some(match c {
        'B' => 'ℬ',
        'E' => 'ℰ',
        'F' => 'ℱ',
        'H' => 'ℋ',
        'I' => 'ℐ',
        'L' => 'ℒ',
        'M' => 'ℳ',
        'R' => 'ℛ',
        'A'..='Z' => nth('𝒜', c, 'A')?,
        _ => return None,
    })
}

/// A capital or digit with double strokes, as `\mathbb` sets it.
pub(super) fn double_struck(c: char) -> Option<char> {
    Some(match c {
        'C' => 'ℂ',
        'H' => 'ℍ',
        'N' => 'ℕ',
        'P' => 'ℙ',
        'Q' => 'ℚ',
        'R' => 'ℝ',
        'Z' => 'ℤ',
        'A'..='Z' => nth('𝔸', c, 'A')?,
        '0'..='9' => nth('𝟘', c, '0')?,
        _ => return None,
    })
}

fn nth(start: char, c: char, of: char) -> Option<char> {
    char::from_u32(start as u32 + (c as u32 - of as u32))
}

/// The name as LaTeX knows it: capitals that look Latin have none.
pub(super) fn tex_name(name: &str) -> String {
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

/// How LaTeX's mathematics writes a letter or sign beyond ASCII, without any package but for `\mathbb` and
/// `\checkmark`.
pub fn sign(c: char) -> Option<String> {
    let known = SIGNS.iter().find(|(sign, _)| *sign == c);
    let known = known.map(|(_, tex)| (*tex).to_owned());
    known.or_else(|| greek(c).map(|name| format!("\\{name}")))
}

/// Signs as people type or copy them.
const SIGNS: &[(char, &str)] = &[
    ('−', "-"),
    ('±', "\\pm"),
    ('∓', "\\mp"),
    ('×', "\\times"),
    ('÷', "\\div"),
    ('·', "\\cdot"),
    ('⋅', "\\cdot"),
    ('∗', "\\ast"),
    ('∘', "\\circ"),
    ('•', "\\bullet"),
    ('⊕', "\\oplus"),
    ('⊗', "\\otimes"),
    ('⊙', "\\odot"),
    ('≤', "\\le"),
    ('≥', "\\ge"),
    ('⩽', "\\le"),
    ('⩾', "\\ge"),
    ('≠', "\\ne"),
    ('≈', "\\approx"),
    ('≡', "\\equiv"),
    ('≃', "\\simeq"),
    ('≅', "\\cong"),
    ('∼', "\\sim"),
    ('∝', "\\propto"),
    ('≪', "\\ll"),
    ('≫', "\\gg"),
    ('«', "\\ll"),
    ('»', "\\gg"),
    ('‹', "<"),
    ('›', ">"),
    ('∞', "\\infty"),
    ('→', "\\to"),
    ('⟶', "\\longrightarrow"),
    ('←', "\\leftarrow"),
    ('↔', "\\leftrightarrow"),
    ('↑', "\\uparrow"),
    ('↓', "\\downarrow"),
    ('↗', "\\nearrow"),
    ('↘', "\\searrow"),
    ('⇒', "\\Rightarrow"),
    ('⇐', "\\Leftarrow"),
    ('⇔', "\\Leftrightarrow"),
    ('↦', "\\mapsto"),
    ('∂', "\\partial"),
    ('∇', "\\nabla"),
    ('∆', "\\Delta"),
    ('∑', "\\sum"),
    ('∏', "\\prod"),
    ('∫', "\\int"),
    ('√', "\\surd"),
    ('∈', "\\in"),
    ('∉', "\\notin"),
    ('∋', "\\ni"),
    ('⊂', "\\subset"),
    ('⊆', "\\subseteq"),
    ('⊃', "\\supset"),
    ('⊇', "\\supseteq"),
    ('∪', "\\cup"),
    ('∩', "\\cap"),
    ('∖', "\\setminus"),
    ('∅', "\\emptyset"),
    ('∀', "\\forall"),
    ('∃', "\\exists"),
    ('¬', "\\neg"),
    ('∧', "\\wedge"),
    ('∨', "\\vee"),
    ('⊤', "\\top"),
    ('⊥', "\\perp"),
    ('∣', "\\mid"),
    ('‖', "\\|"),
    ('∥', "\\|"),
    ('⟨', "\\langle"),
    ('⟩', "\\rangle"),
    ('⌊', "\\lfloor"),
    ('⌋', "\\rfloor"),
    ('⌈', "\\lceil"),
    ('⌉', "\\rceil"),
    ('ℓ', "\\ell"),
    ('ℏ', "\\hbar"),
    ('ℜ', "\\Re"),
    ('ℑ', "\\Im"),
    ('ϕ', "\\phi"),
    ('ϵ', "\\epsilon"),
    ('ϱ', "\\varrho"),
    ('ϖ', "\\varpi"),
    ('ς', "\\varsigma"),
    ('Ω', "\\Omega"),
    ('ℝ', "\\mathbb{R}"),
    ('ℕ', "\\mathbb{N}"),
    ('ℤ', "\\mathbb{Z}"),
    ('ℚ', "\\mathbb{Q}"),
    ('ℂ', "\\mathbb{C}"),
    ('𝔼', "\\mathbb{E}"),
    ('ℙ', "\\mathbb{P}"),
    ('ℒ', "\\mathcal{L}"),
    ('½', "\\frac{1}{2}"),
    ('⅓', "\\frac{1}{3}"),
    ('⅔', "\\frac{2}{3}"),
    ('¼', "\\frac{1}{4}"),
    ('¾', "\\frac{3}{4}"),
    ('′', "{}^{\\prime}"),
    ('″', "{}^{\\prime\\prime}"),
    ('°', "{}^{\\circ}"),
    ('…', "\\dots"),
    ('⋯', "\\cdots"),
    ('△', "\\triangle"),
    ('▲', "\\triangle"),
    ('○', "\\bigcirc"),
    ('●', "\\bullet"),
    ('★', "\\star"),
    ('☆', "\\star"),
    ('✓', "\\checkmark"),
    ('✔', "\\checkmark"),
    ('✗', "\\times"),
    ('✘', "\\times"),
    ('♯', "\\sharp"),
    ('♭', "\\flat"),
];
