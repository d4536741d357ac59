//! The crypto provider of this build: aws-lc-rs where both are built in, otherwise ring. To
//! aws-lc-rs the group P-521 is added, which rustls leaves out: in TLS 1.2 a server with a key on
//! that curve shows it only to clients that name the curve among their groups (RFC 8422, 5.1).

use rustls::crypto::CryptoProvider;

/// The provider for all handshakes.
#[cfg(feature = "aws-lc-rs")]
pub(super) fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups.push(&p521::P521);
    provider
}

/// The provider for all handshakes.
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(feature = "aws-lc-rs")]
mod p521 {
    use aws_lc_rs::agreement::{ECDH_P521, EphemeralPrivateKey, PublicKey, UnparsedPublicKey, agree_ephemeral};
    use aws_lc_rs::rand::SystemRandom;
    use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
    use rustls::{Error, NamedGroup, PeerMisbehaved};

    /// The only form of a point that TLS 1.3 knows and that we offer: uncompressed (RFC 8446,
    /// section 4.2.8.2).
    const UNCOMPRESSED: u8 = 4;

    /// Ephemeral Diffie-Hellman on P-521 (secp521r1).
    #[derive(Debug)]
    pub(super) struct P521;

    struct Exchange {
        private: EphemeralPrivateKey,
        public: PublicKey,
    }

    impl SupportedKxGroup for P521 {
        fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
            let private =
                EphemeralPrivateKey::generate(&ECDH_P521, &SystemRandom::new()).map_err(|_| GetRandomFailed)?;
            let public = private.compute_public_key().map_err(|_| GetRandomFailed)?;
            Ok(Box::new(Exchange { private, public }))
        }

        fn name(&self) -> NamedGroup {
            NamedGroup::secp521r1
        }
    }

    impl ActiveKeyExchange for Exchange {
        /// aws-lc-rs sees to it that the point is on the curve.
        fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
            let invalid = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);
            if peer.first() != Some(&UNCOMPRESSED) {
                return Err(invalid);
            }
            let peer = UnparsedPublicKey::new(&ECDH_P521, peer);
            agree_ephemeral(self.private, peer, invalid, |secret| Ok(SharedSecret::from(secret)))
        }

        fn pub_key(&self) -> &[u8] {
            self.public.as_ref()
        }

        fn group(&self) -> NamedGroup {
            NamedGroup::secp521r1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn two_sides_agree_and_what_is_no_point_of_the_curve_is_refused() {
            let (one, other) = (P521.start().unwrap(), P521.start().unwrap());
            let (to_one, to_other) = (other.pub_key().to_vec(), one.pub_key().to_vec());
            assert_eq!((to_one.len(), to_one[0]), (133, 4));
            let secrets = [one.complete(&to_one).unwrap(), other.complete(&to_other).unwrap()];
            assert_eq!(secrets[0].secret_bytes(), secrets[1].secret_bytes());
            assert_eq!(secrets[0].secret_bytes().len(), 66);

            let compressed = [&[2 + (to_one[132] & 1)][..], &to_one[1..67]].concat();
            let mut off_curve = to_one.clone();
            off_curve[132] ^= 1;
            for bad in [&compressed[..], &off_curve, &to_one[..132], &[4; 133], &[4], &[]] {
                assert!(P521.start().unwrap().complete(bad).is_err(), "{} octets", bad.len());
            }
        }
    }
}
