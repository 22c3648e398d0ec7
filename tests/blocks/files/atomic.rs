//! Atomic writes: links, permissions, and crashes that leave the old file.

use super::checkpoints::beginning;
use crate::support::{child, network};
use dnn_blocks::files::{Checkpoints, FileError};
use dnn_blocks::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};
use tempfile::{TempDir, tempdir};

#[test]
fn a_link_stays_a_link_and_what_is_no_file_is_left_alone() {
    let folder = tempdir().unwrap();
    let parameters = network::<f32>(&[2, 1], 1);
    let directory = folder.path().join("directory");
    fs::create_dir(&directory).unwrap();
    let error = parameters.save(&directory).unwrap_err();
    let path = directory.display();
    assert_eq!(error.to_string(), format!("cannot write {path}: not a regular file"));
    for missing in [folder.path().join("no-folder/file"), folder.path().join("no-file")] {
        let error = Parameters::<f32>::load(&missing).unwrap_err().to_string();
        let start = format!("cannot read {}: ", missing.display());
        assert!(error.starts_with(&start) && error.len() > start.len(), "{error}");
    }
    let missing = folder.path().join("no-folder/file");
    let error = parameters.save(&missing).unwrap_err().to_string();
    let start = format!("cannot write {}: ", missing.display());
    assert!(error.starts_with(&start) && !error.contains(".dnn-blocks-"), "{error}");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = parameters.save(file.join("inside")).unwrap_err().to_string();
    let start = format!("cannot write {}: ", file.join("inside").display());
    assert!(error.starts_with(&start) && !error.contains(".dnn-blocks-"), "{error}");
    fs::remove_file(&file).unwrap();
    assert!(parameters.save("").is_err() && parameters.save("/").is_err());
    #[cfg(unix)]
    {
        let (real, link) = (directory.join("real"), folder.path().join("link"));
        network::<f32>(&[5, 1], 2).save(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        parameters.save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Parameters::<f32>::load(&real).unwrap(), parameters);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        let socket = folder.path().join("socket");
        let _open = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(parameters.save(&socket).is_err());
        assert!(!fs::symlink_metadata(&socket).unwrap().is_file());
    }
}

/// A link to a missing file, through other links, each relative to its own folder.
#[cfg(unix)]
#[test]
fn a_link_that_leads_to_no_file_yet_is_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let parameters = network::<f32>(&[2, 1], 1);
    fs::create_dir_all(path("a/b")).unwrap();
    symlink("b/second", path("a/first")).unwrap();
    symlink("../../real", path("a/b/second")).unwrap();
    for link in ["a/first", "a/b/second"] {
        parameters.save(path(link)).unwrap();
        assert!(fs::symlink_metadata(path("a/first")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(path("a/b/second")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(path("real")).unwrap().is_file());
        assert_eq!(Parameters::<f32>::load(path(link)).unwrap(), parameters);
        fs::remove_file(path("real")).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left");

    symlink(path("none/real"), path("nowhere")).unwrap();
    let error = parameters.save(path("nowhere")).unwrap_err();
    assert!(matches!(error, FileError::Io(_)), "{error}");
    assert!(fs::symlink_metadata(path("nowhere")).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_an_error_and_stays_one() {
    use std::os::unix::fs::symlink;
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    symlink("there", path("here")).unwrap();
    symlink("here", path("there")).unwrap();
    symlink("itself", path("itself")).unwrap();
    for name in ["here", "itself"] {
        let error = network::<f32>(&[2, 1], 1).save(path(name)).unwrap_err();
        assert!(matches!(error, FileError::Io(_)), "{error}");
    }
    assert_eq!(fs::read_link(path("here")).unwrap(), Path::new("there"));
    assert_eq!(fs::read_link(path("itself")).unwrap(), Path::new("itself"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// A pipe has no length.
#[cfg(unix)]
#[test]
fn a_network_comes_through_a_pipe() {
    let (folder, path) = with_network();
    let pipe = folder.path().join("pipe");
    let Ok(made) = Command::new("mkfifo").arg(&pipe).status() else { return };
    assert!(made.success());
    thread::scope(|threads| {
        threads.spawn(|| fs::write(&pipe, fs::read(&path).unwrap()).unwrap());
        assert!(is_whole(&pipe));
    });
}

#[test]
fn a_file_keeps_its_permissions_and_leaves_nothing_beside_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let parameters = network::<f32>(&[2, 1], 1);
    parameters.save(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let usual = folder.path().join("usual");
        fs::write(&usual, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&usual));
        fs::remove_file(&usual).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        parameters.save(&path).unwrap();
        assert_eq!(mode(&path), 0o664);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(parameters.save(folder.path().join("none/network")).is_err());
}

/// The child process of the tests below writes networks to a file, one after the other.
#[test]
fn child_writes_for_ever() {
    let Some(path) = env::var_os("DNN_BLOCKS_WRITE_FOR_EVER") else { return };
    let networks = [network::<f64>(&[300, 100, 1], 1), network::<f64>(&[300, 100, 1], 2)];
    for parameters in networks.iter().cycle() {
        if let Err(error) = parameters.save(&path) {
            eprintln!("{error}");
            std::process::exit(3);
        }
    }
}

/// Starts that child process.
fn writer(path: &Path) -> Command {
    let test = concat!(module_path!(), "::child_writes_for_ever");
    let mut command = child(test, "DNN_BLOCKS_WRITE_FOR_EVER", path);
    command.arg("--nocapture").stderr(Stdio::null());
    command
}

/// A folder with a network in a file.
fn with_network() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    network::<f64>(&[300, 100, 1], 1).save(&path).unwrap();
    (folder, path)
}

fn is_whole(path: &Path) -> bool {
    let found = Parameters::<f64>::load(path).unwrap();
    [1, 2].iter().any(|&seed| found == network::<f64>(&[300, 100, 1], seed))
}

#[test]
fn a_name_without_a_folder_is_one_in_the_current_folder() {
    let (folder, path) = with_network();
    let saved = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let mut child = writer(Path::new("network.safetensors")).current_dir(&folder).spawn().unwrap();
    while !path.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the file could not be written");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(&path).unwrap().len(), saved.len());
    assert!(is_whole(&path));
}

#[test]
fn a_process_killed_at_any_time_leaves_a_whole_file() {
    let (folder, path) = with_network();
    for round in 0..12 {
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        let mut child: Child = writer(&path).spawn().unwrap();
        while fs::metadata(&path).unwrap().modified().unwrap() == before {
            thread::sleep(Duration::from_millis(1)); // until it writes
        }
        thread::sleep(Duration::from_micros(700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_whole(&path));
    }
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name == "network.safetensors" || name.starts_with(".dnn-blocks-"), "{name}");
    }
}

/// A limit on the size of files kills the process during its write.
#[cfg(unix)]
#[test]
fn a_process_killed_in_the_middle_of_a_write_leaves_the_old_file() {
    use std::os::unix::process::ExitStatusExt;
    let (folder, path) = with_network();
    let old = fs::read(&path).unwrap();
    let program = writer(&path);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c 0; ulimit -f 64; exec \"$@\"", "sh"]).arg(program.get_program());
    shell.args(program.get_args()).env("DNN_BLOCKS_WRITE_FOR_EVER", &path);
    let ended = shell.output().unwrap().status;
    assert!(ended.signal().is_some(), "{ended}");
    assert_eq!(fs::read(&path).unwrap(), old);
    let beside = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(beside.filter(|&length| length < old.len() as u64).any(|length| length > 0));
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    checkpoints.save(&beginning()).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left");
    assert_eq!(fs::read(&path).unwrap(), old);
}

/// A file system of 300 kB has no room for a second network.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_the_old_file() {
    let folder = tempdir().unwrap();
    let (program, path) = (writer(&folder.path().join("network")), folder.path().join("network"));
    let script = "mount -t tmpfs -o size=300k tmpfs \"$0\" 2>/dev/null || exit 77
        \"$@\"; code=$?
        set -- \"$0\"/* \"$0\"/.dnn*
        [ -e \"$0/network\" ] && cp \"$0/network\" \"$OUT\" && ls -A \"$0\" | wc -l >\"$OUT.count\"
        exit $code";
    let out = tempdir().unwrap();
    let kept = out.path().join("kept");
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh", "-c", script]).arg(folder.path()).arg(program.get_program());
    shell.args(program.get_args()).env("DNN_BLOCKS_WRITE_FOR_EVER", &path).env("OUT", &kept);
    let Ok(ended) = shell.output() else { return eprintln!("there is no `unshare` here") };
    match ended.status.code() {
        Some(3) => {}
        Some(77 | 1) => return eprintln!("no file system can be mounted here"),
        other => panic!("{other:?}: {}", String::from_utf8_lossy(&ended.stderr)),
    }
    assert!(is_whole(&kept));
    assert_eq!(fs::read_to_string(out.path().join("kept.count")).unwrap().trim(), "1");
}
