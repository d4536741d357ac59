//! Keys that everybody has: a package contains the private half, and shows or installs the
//! certificate. Everybody who installed the package can impersonate every server that still uses
//! such a key. docs/published-keys.md says how this table is maintained and how to report a key. A
//! store of the system may add keys.

use crate::hash::Hash;

/// A key whose private half is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// SHA-256 of the SubjectPublicKeyInfo, in base64.
    spki: &'static str,
    /// What it is published with.
    pub package: &'static str,
}

/// Every key known here, each seen to fit the certificate that the package carries.
const TABLE: &[Published] = &[
    // smtp-server 3.21.6; also shown by wildduck 1.46.1, maildev 3.0.0 and zone-mta 3.10.3.
    Published { spki: "x8M6mhvwtgbDhPtLFB8BGRoURx9EHwz/14ZeTYHedU4=", package: "smtp-server (npm)" },
    // wildduck 1.46.1, where no key is configured.
    Published { spki: "kaAQ3kbgeCJCYie52jNWsatFEh3NlJ1hobsj7D7wKGc=", package: "wildduck (npm)" },
    // local-ssl-proxy 2.0.5.
    Published { spki: "zdYK3PWwR93u9GnB4pwQwdPF9cfJ8arNcTEsNc8Tqks=", package: "local-ssl-proxy (npm)" },
    // net/http/httptest of Go 1.27.3.
    Published { spki: "OJ+e3lINvDPSrrxIkkatieIh0ewV9pPDSMWLCCGTZ6o=", package: "net/http/httptest (Go)" },
    // aiosmtpd 1.4.6, its tests, which are installed.
    Published { spki: "fdLcJ0dvkKf8n9fv0UahqCAXABgclXf8vALahLmIa3c=", package: "aiosmtpd (PyPI)" },
    Published { spki: "9Dcw7jIQrrcvWcu80nZ39joQWdYQDxiXQSTRFjzVETQ=", package: "aiosmtpd (PyPI)" },
    // tornado 6.4.2, its tests, which are installed.
    Published { spki: "4tBhF9G21Fi9P8o4v+GB511Bimp3fs7F2u1WD2F0E5A=", package: "tornado (PyPI)" },
    // spdy 4.0.2.
    Published { spki: "osV/HiSMJ64Nj8Y8kHaytMa7defmPwMTuCNARV0Z8ho=", package: "spdy (npm)" },
];

impl Published {
    /// What is known of a key.
    pub fn of(spki: Hash) -> Option<&'static Self> {
        let text = spki.base64();
        TABLE.iter().find(|entry| entry.spki == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_the_hash_of_a_key_and_stands_there_once() {
        for (index, entry) in TABLE.iter().enumerate() {
            let bytes = data_encoding::BASE64.decode(entry.spki.as_bytes()).unwrap();
            let spki = Hash::from_bytes(bytes.try_into().unwrap());
            assert_eq!(Published::of(spki), Some(entry));
            assert!(TABLE[..index].iter().all(|other| other.spki != entry.spki), "{}", entry.spki);
        }
        assert_eq!(Published::of(Hash::of(b"another")), None);
    }
}
