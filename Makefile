# libtofu: build, check, install. `make help` lists the targets; docs/building.md says more.

CARGO   ?= cargo
PROFILE ?= release
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
DOCDIR  ?= $(PREFIX)/share/doc/libtofu
# Where bindings find api.json.
DATADIR ?= $(PREFIX)/share/libtofu
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=
STATIC  ?= 0
FEATURES ?=
RUST    ?= 0
# Whether tofuctl is built and installed beside the library; it needs the feature cli.
TOOL    ?= $(if $(findstring --no-default-features,$(FEATURES)),$(if $(findstring cli,$(FEATURES)),1,0),1)

VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)
SOVERSION := 0
TARGET  := $(or $(CARGO_TARGET_DIR),target)
BUILT   := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
SOURCES := Cargo.toml Cargo.lock $(wildcard build.rs) $(shell find src -name '*.rs')
# What a program that links libtofu.a must link besides, as `rustc --print native-static-libs` says.
LIBS_PRIVATE := -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
# The system's SQLite, unless ours is built in as it is by default.
REQUIRES_PRIVATE := $(if $(findstring --no-default-features,$(FEATURES)),$(if $(findstring bundled-sqlite,$(FEATURES)),,sqlite3))

BUILD   := $(CARGO) build --lib $(if $(filter 1,$(TOOL)),--bin tofuctl) --locked --profile $(PROFILE) $(FEATURES)
# Manual pages and completions, which the tool writes itself.
PAGES   := $(BUILT)/tofuctl-pages
# The pages that the header names, and those that they name.
PAGES_OF_DOCS := $(wildcard docs/*.md)
EXAMPLES := tofu-fetch.c tofu-imap.c imap-session.h

.PHONY: all check demo install install-tool uninstall header symbols bench conformance fuzz help

all: ## build the library (shared and static) and tofuctl, PROFILE=release or dev; TOOL=0 for the library alone
	$(BUILD)
ifeq ($(TOOL),1)
	@$(MAKE) -s $(PAGES)/done
endif

check: ## every check there is; ends with the number passed, failed and skipped
	@CARGO='$(CARGO)' bash scripts/check.sh

demo: ## the library's life against a real Dovecot, or HOST=imap.example.org:993 for a first contact with a real server
	@CARGO='$(CARGO)' PROFILE='$(PROFILE)' bash scripts/demo.sh $(if $(filter command,$(firstword $(origin HOST))),'$(HOST)')

install: $(BUILT)/libtofu.so $(if $(filter 1,$(TOOL)),install-tool) ## install below DESTDIR: PREFIX, LIBDIR, INCLUDEDIR, BINDIR, MANDIR, DOCDIR, DATADIR; STATIC=1 adds libtofu.a
	install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(DOCDIR)/examples' '$(DESTDIR)$(DATADIR)'
	install -m 755 $(BUILT)/libtofu.so '$(DESTDIR)$(LIBDIR)/libtofu.so.$(VERSION)'
	ln -sf libtofu.so.$(VERSION) '$(DESTDIR)$(LIBDIR)/libtofu.so.$(SOVERSION)'
	ln -sf libtofu.so.$(SOVERSION) '$(DESTDIR)$(LIBDIR)/libtofu.so'
	install -m 644 include/tofu.h include/tofu.ffi.h '$(DESTDIR)$(INCLUDEDIR)'
	install -m 644 include/api.json '$(DESTDIR)$(DATADIR)/api.json'
	install -m 644 $(PAGES_OF_DOCS) '$(DESTDIR)$(DOCDIR)'
	install -m 644 bindings/c/README.md $(EXAMPLES:%=bindings/c/%) '$(DESTDIR)$(DOCDIR)/examples'
	install -m 644 bindings/c/tofu-openssl.h '$(DESTDIR)$(INCLUDEDIR)/tofu-openssl.h'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@DATADIR@|$(DATADIR)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS_PRIVATE@|$(LIBS_PRIVATE)|' \
	    -e 's|@REQUIRES_PRIVATE@|$(REQUIRES_PRIVATE)|' \
	    packaging/pkgconfig/tofu.pc.in > '$(DESTDIR)$(LIBDIR)/pkgconfig/tofu.pc'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/tofu.pc'
ifeq ($(STATIC),1)
	bash scripts/static.sh $(BUILT)/libtofu.a tofu.symbols $(BUILT)/static/libtofu.a
	install -m 644 $(BUILT)/static/libtofu.a '$(DESTDIR)$(LIBDIR)/libtofu.a'
endif

install-tool: $(PAGES)/done
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(MANDIR)/man1' '$(DESTDIR)$(BASHDIR)' '$(DESTDIR)$(ZSHDIR)' '$(DESTDIR)$(FISHDIR)'
	install -m 755 $(BUILT)/tofuctl '$(DESTDIR)$(BINDIR)/tofuctl'
	install -m 644 $(PAGES)/*.1 '$(DESTDIR)$(MANDIR)/man1'
	install -m 644 $(PAGES)/tofuctl.bash '$(DESTDIR)$(BASHDIR)/tofuctl'
	install -m 644 $(PAGES)/tofuctl.zsh '$(DESTDIR)$(ZSHDIR)/_tofuctl'
	install -m 644 $(PAGES)/tofuctl.fish '$(DESTDIR)$(FISHDIR)/tofuctl.fish'

uninstall: ## remove what install put there (same variables)
	rm -f '$(DESTDIR)$(LIBDIR)/libtofu.so' '$(DESTDIR)$(LIBDIR)/libtofu.so.$(SOVERSION)' \
	      '$(DESTDIR)$(LIBDIR)/libtofu.so.$(VERSION)' '$(DESTDIR)$(LIBDIR)/libtofu.a' \
	      '$(DESTDIR)$(LIBDIR)/pkgconfig/tofu.pc' \
	      '$(DESTDIR)$(INCLUDEDIR)/tofu.h' '$(DESTDIR)$(INCLUDEDIR)/tofu.ffi.h' \
	      '$(DESTDIR)$(INCLUDEDIR)/tofu-openssl.h' '$(DESTDIR)$(DATADIR)/api.json' \
	      $(foreach page,$(notdir $(PAGES_OF_DOCS)),'$(DESTDIR)$(DOCDIR)/$(page)') \
	      $(foreach file,README.md $(EXAMPLES),'$(DESTDIR)$(DOCDIR)/examples/$(file)')
	rmdir '$(DESTDIR)$(DOCDIR)/examples' '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(DATADIR)' 2>/dev/null || true
	rm -f '$(DESTDIR)$(BINDIR)/tofuctl' '$(DESTDIR)$(MANDIR)'/man1/tofuctl.1 '$(DESTDIR)$(MANDIR)'/man1/tofuctl-*.1 \
	      '$(DESTDIR)$(BASHDIR)/tofuctl' '$(DESTDIR)$(ZSHDIR)/_tofuctl' '$(DESTDIR)$(FISHDIR)/tofuctl.fish'

# For install alone, so that `sudo make install` after `make` needs no cargo.
$(BUILT)/libtofu.so $(BUILT)/tofuctl: $(SOURCES)
	$(BUILD)
	touch $@

# TOFUCTL names a tofuctl that runs here, where the one built does not (a cross build).
TOFUCTL ?= $(BUILT)/tofuctl
$(PAGES)/done: $(BUILT)/tofuctl
	rm -rf $(PAGES)
	install -d $(PAGES)
	$(TOFUCTL) --quiet generate-man $(PAGES)
	$(TOFUCTL) completions bash >$(PAGES)/tofuctl.bash
	$(TOFUCTL) completions zsh >$(PAGES)/tofuctl.zsh
	$(TOFUCTL) completions fish >$(PAGES)/tofuctl.fish
	touch $@

header symbols: ## write include/ (tofu.h, tofu.ffi.h, api.json) and tofu.symbols from src/capi; review the difference
	BLESS=1 $(CARGO) test --locked --test capi header::

bench: ## one table of speed with the peers beside; BIG=1, ONLY=TEXT; RUST=1 for the criterion benchmarks
ifeq ($(RUST),1)
	$(CARGO) bench --locked
else
	@CARGO='$(CARGO)' bash scripts/bench.sh
endif

conformance: ## certificate corpus and x509-limbo, where ../shared/data is
	$(CARGO) test --locked --test cert --test path -- --nocapture corpus conformance

# Minutes for each target, and which (all of them).
MINUTES ?= 1
ONLY    ?=

fuzz: ## run each libFuzzer target of fuzz/ for MINUTES=N (1; 0 builds only); ONLY='cert hello' chooses
	@CARGO='$(CARGO)' bash scripts/fuzz.sh '$(MINUTES)' $(ONLY)

help: ## this list
	@sed -n 's/^\([a-z ]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "make %-20s %s\n", $$1, $$2 }'
