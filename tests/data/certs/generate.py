#!/usr/bin/env python3
"""Makes the certificates of this folder: one for every kind of key, string, name, date and defect.

Keys and signatures are openssl's; the plain certificates are openssl's altogether ("openssl ca
-selfsign" with fixed dates). What openssl refuses to write is put together here, element by element, and
signed by openssl. Keys are fresh in every run and not kept, so a run changes every file:
afterwards, let the tests write the golden files anew (BLESS=1 cargo test --test cert golden).

Needs python3 and openssl 3. Usage: ./generate.py
"""

import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(tempfile.mkdtemp())


def openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, check=True, capture_output=True).stdout


# --- DER -------------------------------------------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in [first * 40 + second, *rest]:
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.insert(0, arc & 0x7F | 0x80)
        out += bytes(piece)
    return tlv(0x06, out)


NULL = tlv(0x05)
TRUE = tlv(0x01, b"\xff")


def utf8(text):
    return tlv(0x0C, text.encode())


def printable(text):
    return tlv(0x13, text.encode())


def ia5(text):
    return tlv(0x16, text.encode())


CN, C, L, ST, O, OU = "2.5.4.3", "2.5.4.6", "2.5.4.7", "2.5.4.8", "2.5.4.10", "2.5.4.11"
EMAIL, DC, UID = "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25", "0.9.2342.19200300.100.1.1"


def rdn(*pairs):
    return tlv(0x31, *[seq(oid(kind), value) for kind, value in pairs])


def name(*pairs):
    return seq(*[rdn(pair) for pair in pairs])


def extension(dotted, value, critical=False):
    return seq(oid(dotted), TRUE if critical else b"", tlv(0x04, value))


def dns(*names):
    return b"".join(tlv(0x82, n if isinstance(n, bytes) else n.encode()) for n in names)


def san(*general_names):
    return extension("2.5.29.17", seq(*general_names))


def basic(ca, path_len=None, critical=True):
    return extension("2.5.29.19", seq(TRUE if ca else b"", b"" if path_len is None else integer(path_len)), critical)


def utc(text):
    return tlv(0x17, text.encode())


def general(text):
    return tlv(0x18, text.encode())


# --- keys and signatures ------------------------------------------------------------------------------------

KEYS = {}
KINDS = {
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
    "rsa2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa2048e3": ("RSA", "rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"),
    "rsa3072": ("RSA", "rsa_keygen_bits:3072"),
    "rsa4096": ("RSA", "rsa_keygen_bits:4096"),
    "rsa2047": ("RSA", "rsa_keygen_bits:2047"),
    "rsapss": ("RSA-PSS", "rsa_keygen_bits:2048"),
    "p192": ("EC", "ec_paramgen_curve:prime192v1"),
    "p224": ("EC", "ec_paramgen_curve:secp224r1"),
    "p256": ("EC", "ec_paramgen_curve:prime256v1"),
    "p384": ("EC", "ec_paramgen_curve:secp384r1"),
    "p521": ("EC", "ec_paramgen_curve:secp521r1"),
    "secp256k1": ("EC", "ec_paramgen_curve:secp256k1"),
    "brainpool": ("EC", "ec_paramgen_curve:brainpoolP256r1"),
    "sect163": ("EC", "ec_paramgen_curve:sect163k1"),
    "explicit": ("EC", "ec_paramgen_curve:prime256v1", "ec_param_enc:explicit"),
    "ed25519": ("ED25519",),
    "ed448": ("ED448",),
}


def key(kind):
    if kind in KEYS:
        return KEYS[kind]
    path = WORK / f"{kind}.pem"
    if kind == "dsa":
        parameters = WORK / "dsa-parameters.pem"
        openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:2048", "-out", parameters)
        openssl("genpkey", "-paramfile", parameters, "-out", path)
    elif kind == "x25519":
        openssl("genpkey", "-algorithm", "X25519", "-out", path)
    else:
        algorithm, *options = KINDS[kind]
        openssl("genpkey", "-algorithm", algorithm, *sum([["-pkeyopt", o] for o in options], []), "-out", path)
    KEYS[kind] = path
    return path


def spki(kind):
    return openssl("pkey", "-in", key(kind), "-pubout", "-outform", "DER")


RSA_SHA256 = seq(oid("1.2.840.113549.1.1.11"), NULL)
ECDSA_SHA256 = seq(oid("1.2.840.10045.4.3.2"))


def pss(digest, salt, mask=None):
    digest = {256: "2.16.840.1.101.3.4.2.1", 384: "2.16.840.1.101.3.4.2.2", 512: "2.16.840.1.101.3.4.2.3"}[digest]
    parameters = [
        tlv(0xA0, seq(oid(digest), NULL)),
        tlv(0xA1, seq(oid("1.2.840.113549.1.1.8"), seq(oid(mask or digest), NULL))),
        tlv(0xA2, integer(salt)),
    ]
    return seq(oid("1.2.840.113549.1.1.10"), seq(*parameters))


def sign(kind, digest, tbs, *options):
    path = WORK / "tbs"
    path.write_bytes(tbs)
    if kind.startswith("ed"):
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", key(kind), "-in", path)
    return openssl("dgst", f"-{digest}", *options, "-sign", key(kind), path)


# --- certificates -----------------------------------------------------------------------------------------------

WRITTEN = []


def write(file, der):
    (HERE / f"{file}.der").write_bytes(der)
    WRITTEN.append(file)


HOST = "mail.example.org"


def certificate(
    file, kind="p256", signer=None, digest="sha256", algorithm=ECDSA_SHA256, outer=None, version=2, serial=integer(0x1001),
    subject=None, issuer=None, not_before=utc("250101000000Z"), not_after=utc("350101000000Z"), public=None,
    extensions=(san(dns(HOST)),), raw_version=None, raw_extensions=None, after=b"", signature=None, options=(), patch=None,
    unused=0, tail=b"", inside=b"",
):
    subject = name((CN, utf8(HOST))) if subject is None else subject
    parts = [
        raw_version if raw_version is not None else (tlv(0xA0, integer(version)) if version else b""),
        serial,
        algorithm,
        subject if issuer is None else issuer,
        seq(not_before, not_after),
        subject,
        spki(kind) if public is None else public,
        inside,
        raw_extensions if raw_extensions is not None else (tlv(0xA3, seq(*extensions)) if extensions else b""),
    ]
    tbs = seq(*parts)
    value = sign(signer or kind, digest, tbs, *options) if signature is None else signature
    der = seq(tbs, algorithm if outer is None else outer, tlv(0x03, bytes([unused]) + value), tail)
    write(file, (patch(der) if patch else der) + after)


def plain(file, kind, subject, options="", digest="sha256", start="20250101000000Z", end="20350101000000Z"):
    """A self-signed certificate that openssl writes without any help."""
    folder = WORK / f"ca-{file}"
    folder.mkdir()
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1F2E3D4C5B6A7988\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index.txt\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        f"default_md={digest}\npolicy=p\nx509_extensions=x\nunique_subject=no\npreserve=yes\nstring_mask=utf8only\n"
        f"[p]\n[x]\n{options}\n[req]\ndistinguished_name=d\nprompt=no\nstring_mask=utf8only\n[d]\nCN=x\n"
    )
    config = folder / "ca.cnf"
    request = folder / "request.pem"
    md = [] if kind.startswith("ed") else [f"-{digest}"]
    openssl("req", "-new", "-utf8", "-multivalue-rdn", "-config", config, "-key", key(kind), "-subj", subject, "-out", request, *md)
    openssl(
        "ca", "-batch", "-selfsign", "-config", config, "-keyfile", key(kind), "-in", request, "-notext", "-preserveDN",
        "-startdate", start, "-enddate", end, "-out", folder / "out.pem", "-utf8", *(["-md", "null"] if md == [] else []),
    )
    write(file, openssl("x509", "-in", folder / "out.pem", "-outform", "DER"))


def keys():
    leaf = f"subjectAltName=DNS:{HOST}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth"
    for kind in ["rsa1024", "rsa2048", "rsa2048e3", "rsa2047", "rsa3072", "rsa4096", "rsapss", "p224", "p256", "p384", "p521", "ed25519", "ed448"]:
        plain(f"key-{kind}", kind, f"/CN={HOST}", leaf)
    plain("key-rsa2048-sha1", "rsa2048", f"/CN={HOST}", leaf, digest="sha1")
    plain("key-rsa2048-sha512", "rsa2048", f"/CN={HOST}", leaf, digest="sha512")
    plain("key-p384-sha384", "p384", f"/CN={HOST}", leaf, digest="sha384")
    for kind in ["p192", "secp256k1", "brainpool", "sect163", "explicit"]:
        certificate(f"key-{kind}", kind)
    certificate("key-dsa", "dsa", algorithm=seq(oid("2.16.840.1.101.3.4.3.2")))
    certificate("key-x25519", "x25519", signer="p256")
    certificate("key-md5", "rsa2048", digest="md5", algorithm=seq(oid("1.2.840.113549.1.1.4"), NULL))
    pss_options = ("-sigopt", "rsa_padding_mode:pss", "-sigopt")
    certificate("signature-pss-sha256", "rsa2048", algorithm=pss(256, 32), options=(*pss_options, "rsa_pss_saltlen:32"))
    certificate("signature-pss-sha512", "rsa2048", digest="sha512", algorithm=pss(512, 64), options=(*pss_options, "rsa_pss_saltlen:64"))
    certificate("signature-pss-odd-salt", "rsa2048", algorithm=pss(256, 20), options=(*pss_options, "rsa_pss_saltlen:20"))
    certificate("key-unreadable-rsa", public=seq(seq(oid("1.2.840.113549.1.1.1"), NULL), tlv(0x03, b"\0\x01\x02\x03")))
    certificate("key-unknown-curve", public=seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.3.4")), tlv(0x03, b"\0\x04" + b"\x11" * 64)))
    certificate("key-unknown-algorithm", public=seq(seq(oid("1.2.3.4.5")), tlv(0x03, b"\0" + b"\x11" * 32)))
    certificate("key-rsa-without-null", "rsa2048", algorithm=RSA_SHA256, public=without_null())
    certificate("key-compressed-point", public=openssl("ec", "-in", key("p256"), "-pubout", "-conv_form", "compressed", "-outform", "DER"))


def without_null():
    whole = spki("rsa2048")
    return seq(seq(oid("1.2.840.113549.1.1.1")), whole[whole.index(NULL) + 2:])


def names():
    plain("name-openssl", "p256", "/C=DE/ST=Bayern/L=München/O=Müller, Söhne \\+ Co. <Post>/OU=Mail/CN=mail.example.org/emailAddress=post@example.org",
          f"subjectAltName=DNS:{HOST},DNS:*.example.org,IP:192.0.2.1,IP:2001:db8::1,email:post@example.org,URI:https://example.org/")
    plain("name-multivalued", "p256", "/O=Example+OU=Mail/CN=mail.example.org+UID=7", f"subjectAltName=DNS:{HOST}")
    certificate("name-string-types", subject=name(
        (C, printable("DE")), (O, tlv(0x14, "Müller".encode("latin-1"))), (OU, tlv(0x1E, "Ελλάς".encode("utf-16-be"))),
        (L, tlv(0x1C, "東京😀".encode("utf-32-be"))), (ST, ia5("ia5")), (DC, ia5("example")), (EMAIL, ia5("a@example.org")),
        ("2.5.4.5", tlv(0x12, b"123 45")), (UID, tlv(0x1A, b"visible")), (CN, utf8(HOST))))
    for file, value in [
        ("t61", tlv(0x14, "Müller".encode("latin-1"))), ("bmp", tlv(0x1E, "Ελλάς".encode("utf-16-be"))),
        ("universal", tlv(0x1C, "東京".encode("utf-32-be"))), ("visible", tlv(0x1A, b"visible")),
        ("numeric", tlv(0x12, b"123 45")), ("beyond-bmp", tlv(0x1C, "😀".encode("utf-32-be"))),
        ("latin1-as-printable", tlv(0x13, "Müller".encode("latin-1"))),
        ("surrogates", tlv(0x1E, "😀".encode("utf-16-be"))),
    ]:
        certificate(f"name-{file}", subject=name((O, value), (CN, utf8(HOST))))
    certificate("name-mislabelled", subject=name(
        (C, utf8("Germany")), (O, printable("Müller")), (OU, tlv(0x0C, "Müller".encode("latin-1"))), (L, ia5("Köln")),
        (ST, tlv(0x1E, b"\0")), ("2.5.4.5", tlv(0x12, b"A")), (CN, printable("mail_1@example.org"))))
    certificate("name-escapes", subject=name(
        (O, utf8(' #a,b+c"d\\e<f>g;h=i ')), (OU, utf8("line\nfeed\tand\x1b[31mred")), (L, utf8("left\u202eright\u200bzero")), (CN, utf8("mail\0.example.org"))))
    certificate("name-unknown-types", subject=seq(rdn(("1.2.3.4", utf8("private"))), rdn(("2.5.4.45", tlv(0x03, b"\0\x12\x34"))), rdn((CN, utf8(HOST)))))
    certificate("name-empty", subject=seq(), issuer=name((CN, utf8("Issuer"))), extensions=(extension("2.5.29.17", seq(dns(HOST)), True),))
    certificate("name-empty-parts", subject=seq(tlv(0x31), rdn((O, utf8(""))), rdn((CN, utf8(HOST)))))
    certificate("name-unreadable", subject=seq(rdn((O, utf8("readable"))), tlv(0x02, b"\x01"), rdn((CN, utf8(HOST)))))
    certificate("name-set-order", subject=seq(rdn((OU, utf8("b")), (CN, utf8(HOST)))))
    certificate("name-long", subject=name((O, utf8("x" * 40000)), (CN, utf8(HOST))))
    certificate("name-attributes-300", subject=name(*[(OU, utf8(f"unit {i}")) for i in range(300)]))
    certificate("cn-only", extensions=())
    certificate("cn-only-address", subject=name((CN, utf8("192.0.2.1"))), extensions=())
    certificate("san-malformed", extensions=(san(
        dns("*", "*.org", "mail.*.org", "m*.example.org", "mail.example.org.", "a..b", "bücher.example", "xn--bcher-kva.example", b"mail.example.org\0.evil.example", b"\xff\xfe"),
        tlv(0x87, b"\xc0\0\x02"), tlv(0x87, b"\xc0\0\x02\x01\xff\xff\xff\0"), tlv(0x86, b"no uri"), tlv(0x81, "ü@example.org".encode()),
        tlv(0xA4, name((CN, utf8("directory")))), tlv(0x88, b"\x2a\x03\x04"), tlv(0xA0, oid("1.2.3"), tlv(0xA0, utf8("other")))),))
    certificate("san-empty", extensions=(san(),))
    certificate("san-only-email", extensions=(san(tlv(0x81, b"post@example.org")),))
    certificate("san-300", extensions=(san(dns(*[f"host{i}.example.org" for i in range(300)])),))


def dates():
    for file, before, after in [
        ("date-beyond-2049", utc("250101000000Z"), general("99991231235959Z")),
        ("date-before-1970", general("19490101000000Z"), utc("691231235959Z")),
        ("date-generalized-early", general("20250101000000Z"), general("20350101000000Z")),
        ("date-without-seconds", utc("2501010000Z"), utc("3501010000Z")),
        ("date-with-offset", utc("250101010000+0100"), general("20510517000000-0100")),
        ("date-with-fraction", utc("250101000000Z"), general("20500101000000.25Z")),
        ("date-unreadable", utc("A50101000000Z"), utc("351301000000Z")),
        ("date-without-zone", utc("250101000000"), utc("350101000000Z")),
        ("date-reversed", utc("350101000000Z"), utc("250101000000Z")),
    ]:
        certificate(file, not_before=before, not_after=after)


def numbers():
    certificate("serial-negative", serial=tlv(0x02, b"\x80\x01"))
    certificate("serial-zero", serial=integer(0))
    certificate("serial-empty", serial=tlv(0x02))
    certificate("serial-huge", serial=tlv(0x02, b"\x7f" * 40))
    certificate("serial-padded", serial=tlv(0x02, b"\0\0\x05"))
    certificate("version-1", version=0, extensions=())
    certificate("version-1-written", raw_version=tlv(0xA0, integer(0)), extensions=())
    certificate("version-1-with-extensions", version=0)
    certificate("version-2-unique-ids", version=1, extensions=(), inside=tlv(0x81, b"\0\x01\x02") + tlv(0x82, b"\0\x03"))
    certificate("version-4", version=3)
    certificate("version-negative", version=-1)


def extensions():
    rich = [
        basic(True, 0), extension("2.5.29.15", tlv(0x03, b"\x01\x06"), True),
        extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"), oid("1.2.3.4"))),
        extension("2.5.29.14", tlv(0x04, bytes(range(20)))), extension("2.5.29.35", seq(tlv(0x80, bytes(range(20))))),
        extension("1.3.6.1.5.5.7.1.1", seq(
            seq(oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"http://ocsp.example.org/")),
            seq(oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, b"http://ca.example.org/ca.der")))),
        extension("2.5.29.31", seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://crl.example.org/ca.crl")))))),
        extension("2.5.29.32", seq(seq(oid("2.23.140.1.2.1")), seq(oid("1.2.3.4")))),
        extension("2.5.29.30", seq(
            tlv(0xA0, seq(tlv(0x82, b"example.org")), seq(tlv(0x87, b"\xc0\0\x02\0\xff\xff\xff\0"))),
            tlv(0xA1, seq(tlv(0x82, b".evil.example")), seq(tlv(0x81, b"example.com")))), True),
        extension("1.3.6.1.5.5.7.1.24", seq(integer(5))),
        san(dns(HOST)),
        extension("1.3.6.1.4.1.11129.2.4.2", tlv(0x04, scts())),
    ]
    certificate("extensions-rich", extensions=rich)
    certificate("extension-repeated-san", extensions=(san(dns(HOST)), san(dns("other.example.org"))))
    certificate("extension-repeated-basic", extensions=(basic(False), basic(True), san(dns(HOST))))
    certificate("extension-unknown-critical", extensions=(san(dns(HOST)), extension("1.2.3.4.5", NULL, True)))
    certificate("extension-unreadable", extensions=(
        extension("2.5.29.19", b"\x04\0", True), extension("2.5.29.15", b"\x30\0"), extension("2.5.29.37", seq()),
        extension("2.5.29.14", b""), extension("2.5.29.35", b"\x30\x05"), extension("2.5.29.32", seq()),
        extension("2.5.29.31", b"\x05\0"), extension("1.3.6.1.5.5.7.1.1", b"\0"), extension("2.5.29.30", seq()),
        extension("2.5.29.17", b"\x30\x06\x82\x0aabcd")))
    certificate("extension-trailing", extensions=(extension("2.5.29.19", seq() + b"\0\0"), san(dns(HOST))))
    certificate("extension-critical-odd", extensions=(
        seq(oid("2.5.29.19"), tlv(0x01, b"\0"), tlv(0x04, seq())), seq(oid("2.5.29.15"), tlv(0x01, b"\x01"), tlv(0x04, tlv(0x03, b"\x07\x80"))), san(dns(HOST))))
    certificate("extension-list-broken", raw_extensions=tlv(0xA3, seq(san(dns(HOST)), b"\x30\x20\x06\x03")))
    certificate("extensions-none", raw_extensions=tlv(0xA3, seq()))
    certificate("extensions-300", extensions=[san(dns(HOST))] + [extension(f"1.2.3.{i}", NULL) for i in range(300)])
    certificate("constraint-mask", extensions=(basic(True), extension("2.5.29.30", seq(tlv(0xA0, seq(tlv(0x87, bytes([192, 0, 2, 0, 1, 2, 3, 4])))))))) 
    certificate("ca-leaf", extensions=(basic(True), san(dns(HOST))))
    certificate("usage-contradicts", extensions=(basic(False), extension("2.5.29.15", tlv(0x03, b"\0\x05")), san(dns(HOST))))


def scts():
    one = b"\0" + bytes(32) + (1735689600000).to_bytes(8, "big") + b"\0\0" + b"\x04\x03" + b"\0\x04abcd"
    entry = len(one).to_bytes(2, "big") + one
    return len(2 * entry).to_bytes(2, "big") + 2 * entry


def structure():
    certificate("ber-indefinite", patch=lambda der: b"\x30\x80" + der[der.index(b"\x30", 1):] + b"\0\0")
    certificate("ber-long-length", patch=long_length)
    certificate("ber-long-tag", patch=lambda der: b"\x3f\x10" + der[1:])
    certificate("trailing-bytes", after=b"\0\x01garbage")
    certificate("stray-after-signature", tail=NULL)
    certificate("stray-in-tbs", inside=tlv(0x85, b"?"))
    certificate("algorithms-differ", outer=seq(oid("1.2.840.10045.4.3.3")))
    certificate("algorithm-parameters", algorithm=seq(oid("1.2.840.10045.4.3.2"), NULL))
    certificate("algorithm-unknown", algorithm=seq(oid("1.2.3.4.6")))
    certificate("signature-wrong", signature=b"\x30\x06\x02\x01\x01\x02\x01\x01")
    certificate("signature-empty", signature=b"")
    certificate("signature-unused-bits", unused=3)
    certificate("signed-by-other", signer="p384", issuer=name((CN, utf8("Example CA"))))
    certificate("self-issued-not-self-signed", signer="p384")


def long_length(der):
    """The outermost length with one byte more than it needs."""
    size = der[1] & 0x7F
    return bytes([der[0], 0x80 | size + 1, 0]) + der[2:]


for old in HERE.glob("*.der"):
    old.unlink()
keys()
names()
dates()
numbers()
extensions()
structure()
print(len(WRITTEN), "certificates")
