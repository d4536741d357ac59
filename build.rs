//! Gives the shared library its SONAME. Nothing else is decided at build time.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Never set: it stands in src/capi for the header's TOFU_NO_SHORT_NAMES, which cbindgen makes of it.
    println!("cargo:rustc-check-cfg=cfg(tofu_no_short_names)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if ["linux", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "hurd"].contains(&os.as_str()) {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtofu.so.0");
    }
}
