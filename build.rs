//! Gives the shared library its SONAME and keeps it in memory once loaded. Nothing else is decided at
//! build time.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Never set: it stands in src/capi for the header's TOFU_NO_SHORT_NAMES, which `make header` makes of it.
    println!("cargo:rustc-check-cfg=cfg(tofu_no_short_names)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if ["linux", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "hurd"].contains(&os.as_str()) {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtofu.so.0");
        // A lookup that the system's resolver does not end may still run after its call has returned, and
        // must not find its code unmapped by dlclose.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
