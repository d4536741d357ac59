//! Real servers on free loopback ports, each with everything it needs in one directory, started in the
//! foreground and stopped by its process id.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::need;
use crate::serve::{free_port, until_it_listens};

/// A server that runs until this is dropped.
pub struct Running {
    child: Child,
    dir: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts a command and waits until it listens on these ports.
    fn start(dir: TempDir, mut command: Command, ports: &[u16]) -> Self {
        let log = fs::File::create(dir.path().join("output")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut running = Self { child: command.spawn().unwrap(), dir };
        let said = || {
            let read = |name| fs::read_to_string(running.dir.path().join(name)).unwrap_or_default();
            read("output") + &read("log")
        };
        until_it_listens(&format!("{command:?}"), &mut running.child, ports, said);
        running
    }
}

/// A key and a self-signed certificate for mail.example, valid from now on, in a new directory.
fn place() -> Option<TempDir> {
    let openssl = need::program(&["openssl"])?;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let made = Command::new(openssl)
        .current_dir(dir.path())
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mail.example"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    Some(dir)
}

/// The certificate in `place`, in DER.
fn certificate(dir: &Path) -> Vec<u8> {
    let pem = fs::read(dir.join("cert.pem")).unwrap();
    x509_parser::pem::parse_x509_pem(&pem).unwrap().1.contents
}

impl Running {
    pub fn certificate(&self) -> Vec<u8> {
        certificate(self.dir.path())
    }
}

/// The ports of one Dovecot.
#[derive(Clone, Copy)]
pub struct MailPorts {
    pub imap: u16,
    pub pop3: u16,
    pub sieve: u16,
    pub lmtp: u16,
    pub submission: u16,
}

/// Dovecot with every protocol it has, with TLS or without.
pub fn dovecot(ssl: bool) -> Option<(Running, MailPorts)> {
    let binary = need::program(&["dovecot"])?;
    let parts = ["pop3-login", "managesieve-login", "lmtp", "submission-login"];
    if !need::files(&parts.map(|part| format!("/usr/lib/dovecot/{part}"))) {
        return None;
    }
    let dir = place()?;
    let ports = MailPorts {
        imap: free_port(),
        pop3: free_port(),
        sieve: free_port(),
        lmtp: free_port(),
        submission: free_port(),
    };
    fs::write(dir.path().join("dovecot.conf"), dovecot_config(dir.path(), ports, ssl)).unwrap();
    let mut command = Command::new(binary);
    command.arg("-F").arg("-c").arg(dir.path().join("dovecot.conf"));
    let running = Running::start(dir, command, &[ports.imap, ports.pop3, ports.sieve, ports.lmtp, ports.submission]);
    Some((running, ports))
}

/// What `id` says of whoever runs this.
fn id(flag: &str) -> String {
    let said = Command::new("id").arg(flag).output().unwrap().stdout;
    String::from_utf8(said).unwrap().trim().to_owned()
}

fn dovecot_config(dir: &Path, ports: MailPorts, ssl: bool) -> String {
    let (internal, login, extra) = if need::is_root() {
        ("dovecot".to_owned(), "dovenull".to_owned(), String::new())
    } else {
        let services = ["anvil", "imap-login", "pop3-login", "managesieve-login", "submission-login", "stats"];
        let unchrooted: String = services.iter().map(|s| format!("service {s} {{\n chroot =\n}}\n")).collect();
        (id("-un"), id("-un"), format!("default_internal_group = {}\n{unchrooted}", id("-gn")))
    };
    let dir = dir.display();
    let ssl = if ssl { "yes" } else { "no" };
    let MailPorts { imap, pop3, sieve, lmtp, submission } = ports;
    format!(
        "base_dir = {dir}/run\nstate_dir = {dir}/state\nlog_path = {dir}/log\nlisten = 127.0.0.1\n\
         protocols = imap pop3 sieve lmtp submission\nhostname = mail.example\n\
         ssl = {ssl}\nssl_cert = <{dir}/cert.pem\nssl_key = <{dir}/key.pem\n\
         default_internal_user = {internal}\ndefault_login_user = {login}\nfirst_valid_uid = 1\n\
         mail_location = maildir:{dir}/mail\nsubmission_relay_host = 127.0.0.1\n\
         passdb {{\n driver = static\n args = password=demo\n}}\nuserdb {{\n driver = static\n args = uid=nobody gid=nogroup home={dir}\n}}\n\
         service imap-login {{\n inet_listener imap {{\n port = {imap}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n\
         service pop3-login {{\n inet_listener pop3 {{\n port = {pop3}\n }}\n inet_listener pop3s {{\n port = 0\n }}\n}}\n\
         service managesieve-login {{\n inet_listener sieve {{\n port = {sieve}\n }}\n}}\n\
         service submission-login {{\n inet_listener submission {{\n port = {submission}\n }}\n inet_listener submissions {{\n port = 0\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n port = {lmtp}\n }}\n}}\n{extra}"
    )
}

/// OpenLDAP's server, with TLS or without.
pub fn slapd(ssl: bool) -> Option<(Running, u16)> {
    let binary = need::program(&["slapd"])?;
    let dir = place()?;
    let (port, at) = (free_port(), dir.path().display().to_string());
    let tls = format!("TLSCertificateFile {at}/cert.pem\nTLSCertificateKeyFile {at}/key.pem\n");
    let config = format!("pidfile {at}/pid\n{}", if ssl { tls.as_str() } else { "" });
    fs::write(dir.path().join("slapd.conf"), config).unwrap();
    let mut command = Command::new(binary);
    command.args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}/"), "-f"]).arg(dir.path().join("slapd.conf"));
    Some((Running::start(dir, command, &[port]), port))
}

/// Prosody, with TLS or without.
pub fn prosody(ssl: bool) -> Option<(Running, u16)> {
    let binary = need::program(&["prosody"])?;
    let dir = place()?;
    let (port, at) = (free_port(), dir.path().display().to_string());
    // Without TLS it has no features at all, unless passwords may go in the clear.
    let modules = if ssl { "\"tls\", \"saslauth\"" } else { "\"saslauth\"" };
    let clear = !ssl;
    let config = format!(
        "run_as_root = true\ndaemonize = false\npidfile = \"{at}/pid\"\ndata_path = \"{at}/data\"\n\
         log = {{ {{ levels = {{ min = \"info\" }}, to = \"file\", filename = \"{at}/log\" }} }}\n\
         interfaces = {{ \"127.0.0.1\" }}\nc2s_ports = {{ {port} }}\ns2s_ports = {{}}\n\
         modules_enabled = {{ {modules} }}\nmodules_disabled = {{ \"s2s\", \"offline\" }}\n\
         c2s_require_encryption = {ssl}\nallow_unencrypted_plain_auth = {clear}\n\
         VirtualHost \"mail.example\"\n  ssl = {{ key = \"{at}/key.pem\", certificate = \"{at}/cert.pem\" }}\n"
    );
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("prosody.cfg.lua"), config).unwrap();
    let mut command = Command::new(binary);
    command.arg("--config").arg(dir.path().join("prosody.cfg.lua")).arg("-F");
    Some((Running::start(dir, command, &[port]), port))
}

/// vsftpd, with TLS or without.
pub fn vsftpd(ssl: bool) -> Option<(Running, u16)> {
    let binary = need::program(&["vsftpd"])?;
    let dir = place()?;
    let (port, at) = (free_port(), dir.path().display().to_string());
    let ssl = if ssl { "YES" } else { "NO" };
    let launcher = if need::is_root() { "NO" } else { "YES" };
    let config = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\n\
         run_as_launching_user={launcher}\nseccomp_sandbox=NO\nsecure_chroot_dir={at}/empty\n\
         ssl_enable={ssl}\nrsa_cert_file={at}/cert.pem\nrsa_private_key_file={at}/key.pem\n"
    );
    fs::create_dir(dir.path().join("empty")).unwrap();
    fs::write(dir.path().join("vsftpd.conf"), config).unwrap();
    let mut command = Command::new(binary);
    command.arg(dir.path().join("vsftpd.conf"));
    Some((Running::start(dir, command, &[port]), port))
}

const POSTFIX_MASTER: &str = "/usr/lib/postfix/sbin/master";

/// Postfix's SMTP server, with TLS or without. Its master process wants to be root.
pub fn postfix(ssl: bool) -> Option<(Running, u16)> {
    let binary = need::program(&["postfix"])?;
    if !need::files(&[POSTFIX_MASTER]) || !need::root("only root can start Postfix") {
        return None;
    }
    let dir = place()?;
    let (port, at) = (free_port(), dir.path().display().to_string());
    let level = if ssl { "may" } else { "none" };
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\nmail_owner = postfix\n\
         command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmaillog_file = {at}/log\n\
         maillog_file_prefixes = {at}\ninet_interfaces = 127.0.0.1\nmyhostname = mail.example\nalias_maps =\n\
         smtpd_tls_security_level = {level}\nsmtpd_tls_cert_file = {at}/cert.pem\nsmtpd_tls_key_file = {at}/key.pem\n"
    );
    let master = format!(
        "127.0.0.1:{port} inet n - n - - smtpd\ntlsmgr unix - - n 1000? 1 tlsmgr\nanvil unix - - n - 1 anvil\n\
         rewrite unix - - n - - trivial-rewrite\nproxymap unix - - n - - proxymap\npostlog unix-dgram n - n - 1 postlogd\n"
    );
    for name in ["queue", "data"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    let owned = Command::new("chown").arg("postfix").arg(dir.path().join("data")).status();
    assert!(owned.unwrap().success());
    fs::write(dir.path().join("main.cf"), main).unwrap();
    fs::write(dir.path().join("master.cf"), master).unwrap();
    // Makes the directories of the queue. What `start-fg` starts would be another process than ours.
    let checked = Command::new(binary).arg("-c").arg(dir.path()).arg("check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let mut command = Command::new(POSTFIX_MASTER);
    command.arg("-s").arg("-c").arg(dir.path());
    Some((Running::start(dir, command, &[port]), port))
}

/// INN's server for readers, with a certificate or without. Started by root, it becomes the user `news`.
pub fn nnrpd(ssl: bool) -> Option<(Running, u16)> {
    const NNRPD: &str = "/usr/lib/news/bin/nnrpd";
    if !need::files(&[NNRPD]) || !need::root("only root can start INN") {
        return None;
    }
    let dir = place()?;
    let (port, at) = (free_port(), dir.path().display().to_string());
    let cert = if ssl { "cert" } else { "none" };
    let config = format!(
        "mta: /bin/true\norganization: x\npathhost: mail.example\ndomain: mail.example\nfromhost: mail.example\n\
         server: 127.0.0.1\nhismethod: hisv6\novmethod: tradindexed\nenableoverview: true\npathnews: /usr/lib/news\n\
         pathetc: {at}\npathdb: {at}\npathrun: {at}\npathlog: {at}\npathtmp: {at}\npathspool: {at}\npathoverview: {at}\n\
         tlscertfile: {at}/{cert}.pem\ntlskeyfile: {at}/key.pem\ntlscapath: {at}\nrunasuser: news\nrunasgroup: news\n"
    );
    let readers = "auth all { hosts: \"*\" default: \"<all>\" }\naccess all { users: \"<all>\" newsgroups: \"*\" }\n";
    fs::create_dir(dir.path().join("articles")).unwrap();
    for (name, text) in [
        ("inn.conf", config.as_str()),
        ("readers.conf", readers),
        ("storage.conf", "method tradspool { newsgroups: * class: 0 }\n"),
        ("tradspool.map", ""),
        ("group.index", ""),
        ("active", ""),
        ("history", ""),
        ("moderators", ""),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let owned = Command::new("chown").args(["-R", "news:news"]).arg(dir.path()).status();
    assert!(owned.unwrap().success());
    let mut command = Command::new(NNRPD);
    command.env("INNCONF", dir.path().join("inn.conf"));
    command.args(["-D", "-f", "-b", "127.0.0.1", "-p", &port.to_string()]);
    Some((Running::start(dir, command, &[port]), port))
}

/// PostgreSQL, with TLS or without. It refuses to be root, who becomes `postgres` for it.
pub fn postgres(ssl: bool) -> Option<(Running, u16)> {
    let binary = need::program(&["postgres"])?;
    let home = fs::canonicalize(&binary).unwrap();
    let initdb = home.parent().unwrap().join("initdb");
    let user = match as_postgres() {
        Ok(user) => user,
        Err(why) => {
            need::skip(why);
            return None;
        }
    };
    let dir = place()?;
    let (port, data) = (free_port(), dir.path().join("data"));
    fs::create_dir(&data).unwrap();
    if user.is_some() {
        let mut chown = Command::new("chown");
        assert!(chown.args(["-R", "postgres"]).arg(dir.path()).status().unwrap().success());
    }
    fs::set_permissions(dir.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let as_user = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(dir.path());
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        command
    };
    let made = as_user(&initdb).args(["--no-sync", "-A", "trust", "-D"]).arg(&data).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let at = dir.path().display();
    let ssl = if ssl { "on" } else { "off" };
    let mut command = as_user(&home);
    command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    for setting in [
        format!("ssl={ssl}"),
        format!("ssl_cert_file={at}/cert.pem"),
        format!("ssl_key_file={at}/key.pem"),
        format!("unix_socket_directories={at}"),
    ] {
        command.arg("-c").arg(setting);
    }
    Some((Running::start(dir, command, &[port]), port))
}

/// Whom to become, where that is needed.
fn as_postgres() -> io::Result<Option<(u32, u32)>> {
    if !need::is_root() {
        return Ok(None);
    }
    let number = |flag| {
        let said = Command::new("id").args([flag, "postgres"]).output()?.stdout;
        String::from_utf8_lossy(&said).trim().parse::<u32>().map_err(|_| io::Error::other("there is no user postgres"))
    };
    Ok(Some((number("-u")?, number("-g")?)))
}
