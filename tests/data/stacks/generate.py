#!/usr/bin/env python3
"""Makes the certificates of this folder: kinds of keys that the openssl of Debian 12 does not know.

The keys are worth nothing and are kept, because servers in the tests sign with them. The files
with a name of "kind-*" go to ../certs, where every certificate has golden files: BLESS=1 cargo
test --test cert golden writes them.

Needs Python 3 and the package "cryptography" from 47 on (for ML-DSA). Usage: ./generate.py
"""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).resolve().parent
CERTS = HERE.parent / "certs"
HOST = "mail.example.test"
FROM, UNTIL = datetime.datetime(2026, 1, 1), datetime.datetime(2046, 1, 1)
SETS = {"44": mldsa.MLDSA44PrivateKey, "65": mldsa.MLDSA65PrivateKey, "87": mldsa.MLDSA87PrivateKey}


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def digest(key):
    return None if hasattr(key, "private_bytes_raw") else hashes.SHA256()


def certificate(subject, public, issuer, signer, ca=False, names=(HOST,)):
    built = (x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer)).public_key(public)
             .serial_number(x509.random_serial_number()).not_valid_before(FROM).not_valid_after(UNTIL)
             .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
    if not ca:
        known = [x509.DNSName(name) for name in names] + [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        built = built.add_extension(x509.SubjectAlternativeName(known), critical=False)
    return built.sign(signer, digest(signer))


def pem(made):
    return made.public_bytes(serialization.Encoding.PEM)


def secret(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def write(name, data):
    (HERE / name).write_bytes(data)


# --- DER by hand, for keys that no library here makes ----------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def seq(*parts):
    return tlv(0x30, *parts)


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in [first * 40 + second, *rest]:
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.insert(0, arc & 0x7F | 0x80)
        out += bytes(piece)
    return tlv(0x06, out)


def spki(algorithm, key, *parameters):
    return seq(seq(oid(algorithm), *parameters), tlv(0x03, b"\0", key))


NULL = tlv(0x05)
SIGNER = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())


def around(name, public):
    """A certificate for HOST with this SubjectPublicKeyInfo, signed by a P-256 key."""
    algorithm = seq(oid("1.2.840.10045.4.3.2"))
    subject = seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, HOST.encode()))))
    issuer = seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, b"Kinds CA"))))
    times = seq(tlv(0x17, b"260101000000Z"), tlv(0x17, b"460101000000Z"))
    names = seq(oid("2.5.29.17"), tlv(0x04, seq(tlv(0x82, HOST.encode()))))
    tbs = seq(tlv(0xA0, tlv(0x02, b"\x02")), tlv(0x02, b"\x11" * 8), algorithm, issuer, times, subject, public,
              tlv(0xA3, seq(names)))
    signature = SIGNER.sign(tbs, ec.ECDSA(hashes.SHA256()))
    (CERTS / f"{name}.der").write_bytes(seq(tbs, algorithm, tlv(0x03, b"\0", signature)))


def rsa_numbers(key):
    numbers = key.public_key().public_numbers()
    return numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")


def kinds():
    filler = bytes(range(256)) * 8
    around("kind-slh-dsa-sha2-128s", spki("2.16.840.1.101.3.4.3.20", filler[:32]))
    around("kind-fn-dsa-512", spki("1.3.9999.3.11", filler[:897]))
    around("kind-composite-65-p256", spki("1.3.6.1.5.5.7.6.45", filler[:1952] + b"\x04" + filler[:64]))
    around("kind-gost-2012-256", spki("1.2.643.7.1.1.1.1", tlv(0x04, filler[:64]), seq(oid("1.2.643.2.2.35.1"))))
    around("kind-x25519", spki("1.3.101.110", filler[:32]))
    around("kind-ml-dsa-65-short", spki("2.16.840.1.101.3.4.3.18", filler[:1951]))
    around("kind-ml-dsa-44-null", spki("2.16.840.1.101.3.4.3.17", filler[:1312], NULL))
    key = rsa.generate_private_key(65537, 2048)
    n, e = rsa_numbers(key)
    around("kind-rsa-1988", spki("2.5.8.1.1", seq(tlv(0x02, b"\0", n), tlv(0x02, e)), tlv(0x02, b"\x08\x00")))
    around("kind-rsa-negative", spki("1.2.840.113549.1.1.1", seq(tlv(0x02, n), tlv(0x02, e)), NULL))
    small = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")
    small = small[-63:]
    around("kind-rsa-negative-512", spki("1.2.840.113549.1.1.1", seq(tlv(0x02, b"\xff", small), tlv(0x02, e)), NULL))
    around("kind-nothing", spki("1.3.101.110", b""))


def main():
    for name, kind in SETS.items():
        key = kind.generate()
        made = certificate(HOST, key.public_key(), HOST, key)
        write(f"ml-dsa-{name}.pem", pem(made))
        write(f"ml-dsa-{name}.key", secret(key))
        (CERTS / f"kind-ml-dsa-{name}.der").write_bytes(made.public_bytes(serialization.Encoding.DER))
    authority, leaf = SETS["65"].generate(), ec.generate_private_key(ec.SECP256R1())
    write("ml-dsa-ca.pem", pem(certificate("ML-DSA CA", authority.public_key(), "ML-DSA CA", authority, ca=True)))
    write("p256-by-ml-dsa.pem", pem(certificate(HOST, leaf.public_key(), "ML-DSA CA", authority)))
    write("p256-by-ml-dsa.key", secret(leaf))
    ordinary, later = ec.generate_private_key(ec.SECP256R1()), SETS["44"].generate()
    write("p256-ca.pem", pem(certificate("P-256 CA", ordinary.public_key(), "P-256 CA", ordinary, ca=True)))
    write("ml-dsa-by-p256.pem", pem(certificate(HOST, later.public_key(), "P-256 CA", ordinary)))
    write("ml-dsa-by-p256.key", secret(later))
    # One server, several keys.
    for name, key in [("two-p256", ec.generate_private_key(ec.SECP256R1())), ("two-rsa", rsa.generate_private_key(65537, 2048))]:
        write(f"{name}.pem", pem(certificate(HOST, key.public_key(), HOST, key)))
        write(f"{name}.key", secret(key))
    kinds()


if __name__ == "__main__":
    main()
