# Every target is one call of `cargo xtask`; `cargo xtask help` tells their options.
# ARGS is passed on: make run ARGS="--cpus 2"

XTASK = sh xtask/bootstrap.sh xtask

help: ## this list
	@echo "pxHV. First try: make run (Ctrl-A X switches it off)"
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 16

run: ## boot in QEMU without KVM (AMD SVM)
	@$(XTASK) run $(ARGS)

run-bochs: ## boot in Bochs (Intel VMX)
	@$(XTASK) run --on bochs $(ARGS)

run-bochs-svm: ## boot in Bochs (AMD SVM)
	@$(XTASK) run --on bochs-svm $(ARGS)

run-freedos: ## boot FreeDOS in QEMU
	@$(XTASK) run --config guests/freedos/pxhv.toml $(ARGS)

run-kvm: ## boot in QEMU with KVM (nested virtualization)
	@$(XTASK) run --on kvm $(ARGS)

run-nanox: ## boot NanoX, the teaching OS, in QEMU; nothing is downloaded
	@$(XTASK) run --config guests/nanox/5-shell/pxhv.toml $(ARGS)

ctl: ## a command to the monitor of the pxHV that runs: make ctl ARGS="vms"
	@$(XTASK) ctl $(ARGS)

debug: ## boot in QEMU; pxHV says everything
	@$(XTASK) run --verbose $(ARGS)

gdb: ## boot in QEMU and stop at stage 3's entry, in gdb
	@$(XTASK) gdb $(ARGS)

image: ## build target/pxhv.img
	@$(XTASK) image $(ARGS)

test: ## format, lints, host tests, boot tests
	@$(XTASK) test $(ARGS)

stress: ## ten million random exits of a guest in QEMU; others: ARGS="--on bochs --seed 5"
	@$(XTASK) stress $(ARGS)

fuzz: ## look for inputs that break the virtual PC, 60 s for each target (make fuzz ARGS="--time 900")
	@$(XTASK) fuzz $(ARGS)

coverage: ## which lines of the virtual PC the host tests execute
	@$(XTASK) coverage $(ARGS)

bench: ## count the instructions of boots, in a VM and without
	@$(XTASK) bench $(ARGS)

bench-check: ## the same, and fail if a count has grown
	@$(XTASK) bench --check $(ARGS)

setup: ## install what all of these need
	@$(XTASK) setup

clean: ## remove everything that was built; what was fetched stays in guests/linux
	rm -rf target

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)
