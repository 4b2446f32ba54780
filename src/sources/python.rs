//! What programs of Python import.

use std::collections::BTreeSet;

/// The modules that a text of Python imports: `a.b`; those of its own package with dots before.
pub(super) fn imports(text: &str, file: &str) -> Vec<String> {
    let mut modules = Vec::new();
    // Long lists of names stand in parentheses, on lines of their own.
    let text = text.replace("\\\n", " ").replace(';', "\n");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("import ") {
            let names = rest.split(',').map(|name| name.split_whitespace().next());
            modules.extend(names.flatten().map(str::to_owned));
        } else if let Some(rest) = line.strip_prefix("from ") {
            let Some((module, names)) = rest.split_once(" import") else {
                continue;
            };
            let module = module.trim();
            let mut names = names.to_owned();
            if names.contains('(') && !names.contains(')') {
                for line in lines.by_ref() {
                    names.push_str(line.split('#').next().unwrap_or_default());
                    names.push(',');
                    if line.contains(')') {
                        break;
                    }
                }
            }
            modules.push(module.to_owned());
            let dot = if module.ends_with('.') { "" } else { "." };
            let names = names.split([',', '(', ')']);
            let names = names.filter_map(|name| name.split_whitespace().next());
            modules.extend(names.map(|name| format!("{module}{dot}{name}")));
        }
    }
    let package = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let relative = |module: String| {
        let up = module.len() - module.trim_start_matches('.').len();
        if up == 0 {
            return Some(module);
        }
        let mut folders: Vec<&str> = package.split('/').filter(|part| !part.is_empty()).collect();
        let kept = folders.len().checked_sub(up - 1)?;
        folders.truncate(kept);
        let rest = module[up..].split('.').filter(|part| !part.is_empty());
        folders.extend(rest);
        // From the project's folder.
        Some(format!("/{}", folders.join("/")))
    };
    modules.into_iter().filter_map(relative).collect()
}

/// The files that a module may be, from the project's folder.
pub(super) fn places(module: &str, file: &str, folder: &str) -> Vec<String> {
    let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let bases: Vec<&str> = match module.starts_with('/') {
        true => vec![""],
        false => vec![beside, folder, "", "src"],
    };
    let path = module.trim_start_matches('/').replace('.', "/");
    let mut places = BTreeSet::new();
    for base in bases {
        let start = match base {
            "" => String::new(),
            base => format!("{base}/"),
        };
        places.insert(format!("{start}{path}.py"));
        // A module with all the packages that it is in.
        let mut package = path.as_str();
        loop {
            places.insert(format!("{start}{package}/__init__.py"));
            match package.rsplit_once('/') {
                Some((above, _)) => package = above,
                None => break,
            }
        }
    }
    places.into_iter().collect()
}
