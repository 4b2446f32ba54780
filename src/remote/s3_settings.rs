//! Where a bucket is and who may use it: the address, then the environment, then the files that the tools of
//! AWS read. Nothing of it is kept or printed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusty_s3::Credentials;

/// All that requests to a bucket need.
pub(super) struct Account {
    pub bucket: String,
    /// Ends in `/` unless it is empty.
    pub prefix: String,
    pub endpoint: String,
    /// Whether that is another server than Amazon's.
    pub own_endpoint: bool,
    pub region: String,
    /// None where the bucket is read by anybody.
    pub credentials: Option<Credentials>,
}

/// What texts are asked for by name.
type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

impl Account {
    /// The one of `s3://bucket/prefix?endpoint=https://…&region=…`.
    pub(super) fn of(place: &str) -> Result<Self, String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
        let read = |variable_name: &str, usual: &str| {
            let path = variable(variable_name).map(PathBuf::from);
            let path = path.unwrap_or_else(|| home.join(usual));
            std::fs::read_to_string(path).unwrap_or_default()
        };
        Self::with(
            place,
            &variable,
            &read("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
            &read("AWS_CONFIG_FILE", ".aws/config"),
        )
    }

    fn with(
        place: &str,
        variable: Lookup<'_>,
        credentials: &str,
        config: &str,
    ) -> Result<Self, String> {
        let rest = place.strip_prefix("s3://").unwrap_or(place);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err("it names no bucket: `s3://bucket/prefix`".to_owned());
        }
        if bucket.contains('@') {
            return Err(ELSEWHERE.to_owned());
        }
        let mut given: BTreeMap<&str, &str> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !["endpoint", "region"].contains(&name) {
                return Err(format!(
                    "it has no `{name}`: `endpoint` and `region` are known"
                ));
            }
            given.insert(name, value);
        }
        let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let own = section(credentials, &profile);
        let section_name = match profile.as_str() {
            "default" => profile.clone(),
            name => format!("profile {name}"),
        };
        let settings = section(config, &section_name);
        let set = |name: &str| own.get(name).or_else(|| settings.get(name)).cloned();
        let endpoint = given
            .get("endpoint")
            .map(|endpoint| (*endpoint).to_owned())
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| set("endpoint_url"));
        if endpoint
            .as_deref()
            .is_some_and(|address| shown(address) != address)
        {
            return Err(ELSEWHERE.to_owned());
        }
        let region = given
            .get("region")
            .map(|region| (*region).to_owned())
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| set("region"))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let pair = match (
            variable("AWS_ACCESS_KEY_ID"),
            variable("AWS_SECRET_ACCESS_KEY"),
        ) {
            (Some(key), Some(secret)) => Some((key, secret, variable("AWS_SESSION_TOKEN"))),
            _ => match (set("aws_access_key_id"), set("aws_secret_access_key")) {
                (Some(key), Some(secret)) => Some((key, secret, set("aws_session_token"))),
                _ => None,
            },
        };
        if pair.is_none() && profile != "default" {
            return Err(format!(
                "the profile `{profile}` has no keys in ~/.aws/credentials"
            ));
        }
        let prefix = prefix.trim_matches('/');
        Ok(Account {
            bucket: bucket.to_owned(),
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
            own_endpoint: endpoint.is_some(),
            endpoint: endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com")),
            region,
            credentials: pair.map(|(key, secret, token)| match token {
                Some(token) => Credentials::new_with_token(key, secret, token),
                None => Credentials::new(key, secret),
            }),
        })
    }
}

/// The settings below `[name]`.
fn section(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = header.trim() == name;
        } else if let Some((key, value)) = line.split_once('=')
            && inside
            && !line.starts_with(['#', ';'])
        {
            found.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

/// Where keys are looked for.
const ELSEWHERE: &str = "credentials belong into the environment or ~/.aws/credentials";

/// An address for people: without what stands before an `@` in it.
pub(super) fn shown(place: &str) -> String {
    let mut parts = place.split("//");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let host = part.find(['/', '?']).unwrap_or(part.len());
        let rest = part[..host].rfind('@').map_or(part, |at| &part[at + 1..]);
        format!("{shown}//{rest}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = AK\naws_secret_access_key=SK\n\
        # a comment = x\n[lab]\naws_access_key_id = LAB\naws_secret_access_key = S=K\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile lab]\nregion=local\n\
        endpoint_url = http://minio:9000\n";

    fn account(place: &str, variables: &[(&str, &str)]) -> Result<Account, String> {
        let variable = |name: &str| {
            let mut variables = variables.iter();
            let found = variables.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Account::with(place, &variable, CREDENTIALS, CONFIG)
    }

    #[test]
    fn keys_in_an_address_are_refused_and_not_said() {
        let place = "s3://key:secret@b/p?endpoint=http://u:w@x:1/@y";
        assert_eq!(shown(place), "s3://b/p?endpoint=http://x:1/@y");
        assert_eq!(shown("s3://b/p@q"), "s3://b/p@q");
        for (place, variables) in [
            ("s3://b?endpoint=http://u:w@x:1", &[][..]),
            ("s3://b", &[("AWS_ENDPOINT_URL", "http://u:w@x:1")][..]),
        ] {
            let error = account(place, variables).err().expect("it is refused");
            assert_eq!(error, ELSEWHERE);
        }
    }

    #[test]
    fn the_address_wins_then_the_environment_then_the_files() {
        let usual = account("s3://b/a/p/", &[]).unwrap();
        assert_eq!((&*usual.bucket, &*usual.prefix), ("b", "a/p/"));
        assert_eq!(usual.endpoint, "https://s3.eu-west-1.amazonaws.com");
        assert_eq!(usual.credentials.unwrap().key(), "AK");
        let lab = account("s3://b", &[("AWS_PROFILE", "lab")]).unwrap();
        assert_eq!((&*lab.endpoint, &*lab.prefix), ("http://minio:9000", ""));
        assert_eq!(lab.credentials.unwrap().secret(), "S=K");
        let variables = [
            ("AWS_PROFILE", "lab"),
            ("AWS_ACCESS_KEY_ID", "E"),
            ("AWS_SECRET_ACCESS_KEY", "F"),
            ("AWS_SESSION_TOKEN", "T"),
            ("AWS_REGION", "r"),
        ];
        let own = account("s3://b?endpoint=http://x:1", &variables).unwrap();
        assert_eq!((&*own.endpoint, &*own.region), ("http://x:1", "r"));
        assert_eq!(own.credentials.unwrap().token(), Some("T"));
        for (place, said) in [
            ("s3://", "names no bucket"),
            ("s3://key:secret@b/p", "belong into the environment"),
            ("s3://b?acl=x", "it has no `acl`"),
        ] {
            let why = account(place, &[]).map(|_| ()).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
        assert!(account("s3://b", &[("AWS_PROFILE", "gone")]).is_err());
    }
}
