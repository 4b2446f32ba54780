//! Picture files in a zip archive or in a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use zip::ZipArchive;

use super::DataError;
use super::FormatError;

const FOLDER: &str = "img_align_celeba";
const ARCHIVE: &str = "img_align_celeba.zip";
/// A picture file is never larger: a hundred times the usual one.
const LARGEST: u64 = 1 << 20;

/// Where the pictures are.
pub(super) enum Pictures {
    Folder(PathBuf),
    /// The archive, and under which name each file is in it.
    Archive {
        path: PathBuf,
        archive: Box<ZipArchive<BufReader<File>>>,
        names: BTreeMap<String, String>,
    },
}

impl Pictures {
    /// The archive in `folder`, or else the unpacked folder.
    pub(super) fn open(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join(ARCHIVE);
        if !path.is_file() {
            let unpacked = folder.join(FOLDER);
            return match unpacked.is_dir() {
                true => Ok(Pictures::Folder(unpacked)),
                false => Err(missing(path)),
            };
        }
        let archive = Box::new(archive(&path)?);
        let mut names = BTreeMap::new();
        for name in archive.file_names() {
            // A name that is not text belongs to no picture of the lists.
            let Ok(name) = name else { continue };
            let file = name.rsplit('/').next().unwrap_or(&name);
            names.insert(file.to_owned(), name.clone().into_owned());
        }
        Ok(Pictures::Archive {
            path,
            archive,
            names,
        })
    }

    /// Where a picture is, for messages.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match self {
            Pictures::Folder(folder) => folder.join(name),
            Pictures::Archive { path, .. } => path.join(name),
        }
    }

    /// The bytes of these pictures, in this order.
    pub(super) fn read(&mut self, pictures: &[&str]) -> Result<Vec<Vec<u8>>, DataError> {
        pictures
            .iter()
            .map(|picture| self.read_one(picture))
            .collect()
    }

    fn read_one(&mut self, picture: &str) -> Result<Vec<u8>, DataError> {
        let (path, archive, names) = match self {
            Pictures::Folder(folder) => {
                let path = folder.join(picture);
                let file = File::open(&path);
                let bytes = file.and_then(limited);
                return bytes.map_err(|source| DataError::Read { path, source });
            }
            Pictures::Archive {
                path,
                archive,
                names,
            } => (path, archive, names),
        };
        let name = names.get(picture).ok_or_else(|| {
            let what = format!("picture `{picture}`");
            FormatError::Lacks { what }.at(path.as_path())
        })?;
        let damaged = |why: String| {
            let what = format!("its picture `{name}`");
            let why = format!("cannot be unpacked: {why}");
            FormatError::Content { what, why }.at(path.as_path())
        };
        let file = archive
            .by_name(name)
            .map_err(|error| damaged(error.to_string()))?;
        limited(file).map_err(|error| damaged(error.to_string()))
    }
}

fn limited(file: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, DataError> {
    let file = File::open(path).map_err(|source| DataError::Read {
        path: path.to_owned(),
        source,
    })?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| {
        let what = "it".to_owned();
        let why = format!("is no zip archive that can be read: {error}");
        FormatError::Content { what, why }.at(path)
    })
}

/// What is missing, and where to get it.
pub(super) fn missing(path: PathBuf) -> DataError {
    DataError::Missing {
        name: "celeba",
        path,
        instead: "put the aligned and cropped pictures with their lists there, from \
                  https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
            .to_owned(),
        sha256: "",
    }
}
