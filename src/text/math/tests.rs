//! What names become in figures, in a line of text and in LaTeX.

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
    assert_eq!(shown("R^d, e^n of a^bc"), "R^(d), e^(n) of a^bc");
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
    assert_eq!(shown(r"\mathcal{L}_\theta"), "ℒ_(θ)");
    assert_eq!(in_line(r"\mathcal{L}"), "L");
    assert_eq!(
        shown(r"\mathcal{N} \in \mathbb{R}^d, \mathbb{E}"),
        "𝒩 ∈ ℝ^(d), 𝔼"
    );
    // Small letters have no script, and lean.
    assert!(parse(r"\mathcal{Lab}")[0].slanted && shown(r"\mathcal{Lab}") == "Lab");
    assert_eq!(shown(r"\hat{z} \le \frac{1}{n}"), "z<^> ≤ ^(1)/_(n)");
    assert_eq!(shown(r"p_\theta(x)"), "p_(θ)(x)");
    // The hat stands over z alone.
    assert!(parse(r"of \hat{z}").contains(&Run::plain("z".to_owned())));
    assert_eq!(in_line(r"\sqrt{d+1} \log p"), "√(d+1) log p");
    assert_eq!(in_line(r"\frac{a+b}{2}"), "(a+b)/2");
}

#[test]
fn latex_has_mathematics_between_dollars() {
    let tex = |label| latex(label, &|text: &str| text.replace('_', r"\_"));
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
fn every_latex_takes_what_names_become() {
    let tex = |label| latex(label, &|text: &str| format!("<{text}>"));
    // TeX knows no second script of a kind.
    assert_eq!(tex("z_1_2"), "${z_{1}}_{2}$");
    assert_eq!(tex("x_1^2"), "$x_{1}^{2}$");
    assert_eq!(tex("x_1^2_3"), "${x_{1}^{2}}_{3}$");
    // What is no command stays what it is.
    assert_eq!(tex(r"q_{\n 5%}"), r"$q_{\backslash n 5\%}$");
    assert_eq!(tex(r"x_{{a}_b~}"), r"$x_{\{a\}\_b\sim}$");
    assert_eq!(tex(r"\BETA \Varphi"), r"<\BETA \Varphi>");
    // Words need no package, and letters that mathematics does not have are words.
    assert_eq!(tex(r"\text{a b}^2"), r"$\textnormal{<a b>}^{2}$");
    assert_eq!(tex("Größe^2"), r"$\mathrm{Gr\textnormal{<öß>}e}^{2}$");
    assert_eq!(tex("x_{≤E_q}"), r"$x_{\le E_{q}}$");
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
