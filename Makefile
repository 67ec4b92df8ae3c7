# SPDX-License-Identifier: GPL-2.0-or-later
# vpdn: builds the library, the daemon, the plugins and the modules into build/,
# the packages into dist/, and runs the tests. "make help" lists the targets.
#   V=1       shows the commands
#   SAN=1     daemons, modules and derived hosts with ASan and UBSan, in build/san and dist-san
#   SAN=thread  daemons and unit tests with TSan, in build/tsan

PREFIX ?= /usr
DESTDIR ?=
B ?= build$(if $(filter 1,$(SAN)),/san)$(if $(filter thread,$(SAN)),/tsan)
# pppd's headers, and where that pppd looks for plugins
PPP_INC ?= /usr/include
PPP_VERSION ?= $(shell sed -n 's/^\#define[[:space:]]*\(PPPD_\)\?VERSION[[:space:]]*"\(.*\)"/\2/p' \
	$(PPP_INC)/pppd/patchlevel.h $(PPP_INC)/pppd/pppdconf.h 2>/dev/null | head -n 1)
PPPDIR ?= $(PREFIX)/lib/pppd/$(PPP_VERSION)
# the hook headers, in xl2tpd/ and rp-pppoe/: files that our patches add to the hosts
HOOK_INC ?= build/include

CC = gcc
PKG_CONFIG ?= pkg-config
LIB_LIBS ?= $(shell $(PKG_CONFIG) --libs libmd libbsd)
DAEMON_LIBS ?= -Wl,--as-needed $(shell $(PKG_CONFIG) --libs libevent_core libconfuse jansson libcurl libmd libbsd) -lm
TEST_LIBS ?= $(shell $(PKG_CONFIG) --libs cmocka) $(DAEMON_LIBS)
flags = $(shell DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get $(1) 2>/dev/null)
CFLAGS ?= $(call flags,CFLAGS)
CPPFLAGS ?= $(call flags,CPPFLAGS)
LDFLAGS ?= $(call flags,LDFLAGS)
CFLAGS := $(CFLAGS)
CPPFLAGS := $(CPPFLAGS)
LDFLAGS := $(LDFLAGS)
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
SANFLAGS := $(if $(filter 1,$(SAN)),$(shell bash -c '. tools/common.sh; echo $$san_flags'))$(if $(filter thread,$(SAN)),-fsanitize=thread)
W = -Wall -Wextra -Werror -std=gnu11
cc = $(CC) $(CPPFLAGS) -D_GNU_SOURCE -I. -Ilib $(INC) -MMD -MP $(CFLAGS) $(W) -fPIC $(SANFLAGS)
ld = $(CC) $(CFLAGS) $(LDFLAGS) $(SANFLAGS)

objs = $(patsubst %.c,$(B)/%.o,$(1))
vpdnctl_src := $(wildcard glue/vpdnctl*.c)
dialer_src := $(filter-out glue/dialer/main.c,$(wildcard glue/dialer/*.c))
vpdnd_src := $(filter-out $(vpdnctl_src) glue/main.c,$(wildcard glue/*.c))
ppp_src := $(wildcard plugins/pppd/vpdn-*.c)
ppp_shared_src := $(filter-out $(ppp_src),$(wildcard plugins/pppd/*.c))
test_src := $(wildcard tests/unit/test_*.c tests/fuzz/fuzz_*.c)
xl2tpd_objs := $(call objs,$(wildcard plugins/xl2tpd/*.c))
pppoe_objs := $(call objs,$(wildcard plugins/pppoe/*.c))
bench_objs := $(call objs,$(filter-out tests/bench/fake_%,$(wildcard tests/bench/*.c)))

LIB := $(B)/libvpdn.a
DAEMON := $(B)/libvpdnd.a
DIALER := $(B)/libvpdndialer.a
PPP_SHARED := $(B)/libvpdnppp.a
PLUGINS := $(patsubst plugins/pppd/%.c,$(B)/pppd/%.so,$(ppp_src))
MODULES := $(B)/xl2tpd/vpdn.so $(B)/pppoe/vpdn.so
MAN := $(wildcard man/*.[1-9]) $(patsubst man/%.in,$(B)/man/%,$(wildcard man/*.in))
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(test_src))

ifneq ($(V),1)
Q := @
MAKEFLAGS += --no-print-directory
# nothing but what goes wrong with make -s
show = @$(if $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS)))),,printf '  %-5s %s\n' $(1) $(2);)
endif

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all daemons modules plugins man tests bench bench-tools ready ppp-version install demo check debs check-unit check-dialer check-bench check-aaa check-ppp ppp252 check-ppp252 \
	check-patches check-control fuzz check-lab check-lab252 lab-shell setup clean help

all: daemons modules plugins man				## build everything into build/

# The compiler's complaint about a missing header would be the less clear one.
ready:
	$(Q)$(if $(NO_SETUP_CHECK),:,tools/setup --check)

daemons: ready $(B)/vpdnd $(B)/vpdnctl $(B)/vpdn-dialer
modules: ready $(MODULES)
ifneq ($(SAN),)
plugins:	# pppd is stock, so its plugins carry no sanitizer
	$(Q)$(MAKE) SAN= B=build plugins
else
plugins: ready $(PLUGINS)
endif
man: $(MAN)
tests: ready $(TESTS)
ppp-version:
	@echo $(PPP_VERSION)

$(B)/%.o: %.c | ready
	@mkdir -p $(@D)
	$(call show,CC,$<) $(cc) -c -o $@ $<

$(LIB): $(call objs,$(wildcard lib/*.c))
$(DAEMON): $(call objs,$(vpdnd_src))
$(DIALER): $(call objs,$(dialer_src))
$(PPP_SHARED): $(call objs,$(ppp_shared_src))
$(LIB) $(DAEMON) $(DIALER) $(PPP_SHARED):
	@mkdir -p $(@D)
	$(call show,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(B)/vpdnd: $(call objs,glue/main.c) $(DAEMON) $(LIB)
$(B)/vpdnctl: $(call objs,$(vpdnctl_src)) $(DAEMON) $(LIB)
$(B)/vpdn-dialer: $(call objs,glue/dialer/main.c) $(DIALER) $(DAEMON) $(LIB)
$(B)/vpdnd $(B)/vpdnctl $(B)/vpdn-dialer:
	$(call show,LD,$@) $(ld) -o $@ $^ $(DAEMON_LIBS)

# pppd loads plugins with RTLD_GLOBAL: only what is marked may be seen outside.
$(B)/plugins/%.o $(B)/lib/%.o: W += -fvisibility=hidden
$(B)/plugins/pppd/%.o: INC = -Iplugins/pppd $(addprefix -isystem ,$(filter-out /usr/include,$(PPP_INC)))
$(B)/pppd/%.so: $(B)/plugins/pppd/%.o $(PPP_SHARED) $(LIB)
	@mkdir -p $(@D)
	$(call show,LD,$@) $(ld) -shared -Wl,--exclude-libs,ALL -o $@ $^ $(LIB_LIBS)

$(xl2tpd_objs): INC = -Iplugins/xl2tpd -I$(HOOK_INC)/xl2tpd
$(pppoe_objs): INC = -Iplugins/pppoe -I$(HOOK_INC)/rp-pppoe
$(B)/xl2tpd/vpdn.so: $(xl2tpd_objs) $(LIB)
$(B)/pppoe/vpdn.so: $(pppoe_objs) $(LIB)
$(MODULES):
	@mkdir -p $(@D)
	$(call show,LD,$@) $(ld) -shared $(if $(SANFLAGS),,-Wl,-z,defs) -Wl,--exclude-libs,ALL -o $@ $^ $(LIB_LIBS)

$(B)/glue/%.o: INC = -DVPDN_VERSION='"$(VERSION)"'

# Tables of the message protocol come from the header that defines them.
$(B)/man/%: man/%.in man/ipc-tables lib/ipc_proto.h
	@mkdir -p $(@D)
	$(call show,MAN,$@) awk -f man/ipc-tables lib/ipc_proto.h $< >$@

ifeq ($(HOOK_INC),build/include)
$(xl2tpd_objs): | build/include/xl2tpd.stamp
$(pppoe_objs): | build/include/rp-pppoe.stamp
build/include/%.stamp: $(wildcard patches/*/*/*) tools/source tools/apt-private | ready
	$(Q)tools/source $* && touch $@
build/include/xl2tpd/%.h: build/include/xl2tpd.stamp ;
build/include/rp-pppoe/%.h: build/include/rp-pppoe.stamp ;
endif

$(B)/tests/%: $(B)/tests/%.o $(DIALER) $(DAEMON) $(LIB)
	$(call show,LD,$@) $(ld) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS)

module_tests := $(B)/tests/fuzz/fuzz_xl2tpd_module $(B)/tests/unit/test_module_tunnels
$(module_tests): $(xl2tpd_objs)
$(module_tests:%=%.o): INC = -I$(HOOK_INC)/xl2tpd
$(module_tests:%=%.o): | $(xl2tpd_objs)				# which bring the header

# The load generator of the bench; the help in it is the file README.
bench-tools: ready $(B)/bench/vpdn-load			## the bench's load generator
$(B)/bench/vpdn-load: $(bench_objs) $(LIB)
	@mkdir -p $(@D)
	$(call show,LD,$@) $(ld) -o $@ $^ $(shell $(PKG_CONFIG) --libs jansson) $(LIB_LIBS) -lm
$(B)/tests/bench/main.o: tests/bench/README
$(B)/tests/unit/test_bench_ppp: $(call objs,tests/bench/ppp.c tests/bench/ppp_auth.c tests/bench/ppp_fsm.c)

# They run vpdnctl.
$(B)/tests/unit/test_dialout_lns $(B)/tests/unit/test_explain $(B)/tests/unit/test_man: | $(B)/vpdnctl

install: all						## install what was built under DESTDIR
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(B)/vpdnd $(B)/vpdnctl $(B)/vpdn-dialer
	install -D -m 644 -t $(DESTDIR)$(PPPDIR) $(PLUGINS:$(B)/%=build/%)
	install -D -m 644 $(B)/xl2tpd/vpdn.so $(DESTDIR)$(PREFIX)/lib/vpdn/xl2tpd-vpdn.so
	install -D -m 644 $(B)/pppoe/vpdn.so $(DESTDIR)$(PREFIX)/lib/vpdn/pppoe-vpdn.so
	for page in $(MAN); do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $$page || exit 1; \
	done

setup:							## install with apt what building and the lab need
	$(Q)tools/setup
debs: setup						## build the apt repository dist/: vpdn, xl2tpd, pppoe
	$(Q)tools/debs
demo:							## all set-up, then show the main job in the lab
	$(Q)tools/steps demo
check:							## all set-up, then run every test
	$(Q)tools/steps check
check-unit:						## unit tests and fuzz replay, with ASan and UBSan; SAN=thread with TSan
	$(Q)$(MAKE) SAN=$(or $(SAN),1) tests && tools/run-unit
check-dialer: setup					## vpdn-dialer with an emulated modem, programs, discovery packets; TEST=name runs one
	$(Q)tests/dialer/run $(TEST)
check-bench: setup					## vpdn-load, the bench's load generator, without PPP in the kernel; TEST=name runs one
	$(Q)tests/bench/run $(TEST)
check-aaa: setup					## vpdnd and real AAA servers, HTTPS and RADIUS, without PPP; TEST=name runs one
	$(Q)tests/aaa/run $(TEST)
check-ppp: plugins					## the plugins in this machine's pppd: symbols, and calls that fail
	$(Q)tools/check-symbols /usr/sbin/pppd $(PLUGINS); symbols=$$?; tests/pppd/run && exit $$symbols
ppp252: ready
	+$(Q)tools/ppp-plugins trixie
check-ppp252: ppp252					## the plugins built for Debian 13's ppp 2.5.2: symbols, and dial-out up to the call
	$(Q)tools/check-ppp trixie
check-patches: setup					## the series apply, build, and keep malformed input out
	$(Q)tests/patches/run
check-control: setup					## xl2tpd's control plane, without PPP; TEST=name runs one
	$(Q)tests/control/run $(TEST)
fuzz: setup						## libFuzzer, with clang: FUZZ_SECONDS each; TARGET=name runs one
	$(Q)tests/fuzz/run $(TARGET)
check-lab: debs						## lab tests; TEST=name runs one
	$(Q)tests/lab/run $(TEST)
check-lab252: debs ppp252				## the main lab tests with Debian 13's ppp 2.5.2; TEST=name runs any one
	$(Q)tests/lab/run --ppp252 $(TEST)
bench: debs bench-tools					## measure calls, packets, memory in the lab, beside what Debian ships; TEST=name: hop one lac lns many
	$(Q)tests/bench/measure $(TEST)
lab-shell: debs						## a shell in the lab, the demo's topology up
	$(Q)tests/lab/run --shell
clean:							## remove what was built or fetched
	$(Q)rm -rf build dist dist-san 2>/dev/null || sudo rm -rf build dist dist-san	# the lab's files are root's
help:							## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

export SAN V
-include $(patsubst %.o,%.d,$(call objs,$(wildcard lib/*.c glue/*.c glue/*/*.c plugins/*/*.c tests/bench/*.c) $(test_src)))
