# The commands that people and CI use. Each is short; what is long lives in scripts/.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-kubernetes soak lint docs fuzz bench bench-operator

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## Install what this machine lacks for all that is below
	@scripts/setup.sh

# The development profile: it builds in a fraction of the time that the release profile takes, shares
# its work with `make test`, and has its dependencies optimized, so the story is not slower for it.
demo: ## Show the whole story on an embedded server
	@scripts/setup.sh build
	@cargo build --locked -p portvakt
	@cargo run --quiet --locked -p portvakt -- demo

test: ## Run every test, with the third-party clients
	@scripts/setup.sh build test
	@scripts/clients.sh
	cargo test --workspace --locked

# On the programs that a cluster runs. Where there are none yet (KUBEBUILDER_ASSETS), building them takes
# minutes, once for every checkout of this user.
test-kubernetes: ## Test the operator on a real Kubernetes API server
	@scripts/setup.sh build kubernetes
	@KUBEBUILDER_ASSETS="$$(scripts/kubernetes.sh)" && export KUBEBUILDER_ASSETS && \
	  cargo test --workspace --locked --test kubernetes

# The tests of several nodes, and the check of the bench, in their long form, about a quarter of an hour.
# docs/reliability.md shows the table of one dated run.
soak: ## Kill nodes and databases under load, many times, load them for long, and print what came of it
	@scripts/setup.sh build test
	@cargo test --locked --no-run -p portvakt --test nodes
	@scripts/soak.sh

lint: ## Check format, lints, documentation, scripts and dependencies
	@scripts/lint.sh

# A generated document has a test that compares it with its source; told to, the test writes it anew.
docs: ## Write the generated documents anew
	PORTVAKT_BLESS=1 cargo test --workspace --locked --quiet

fuzz: ## Fuzz every parser of untrusted bytes, SECONDS (default 20) for each
	@scripts/setup.sh build fuzz
	@scripts/fuzz.sh $(SECONDS_PER_TARGET)

SECONDS_PER_TARGET = $(or $(SECONDS),20)

bench: ## Measure the token endpoint against the physical limit of its core, SECONDS (default 5) each
	@scripts/setup.sh build test
	@cargo build --release --locked -p portvakt -p portvakt-bench
	@target/release/portvakt-bench suite --seconds $(or $(SECONDS),5)

# With a kube-apiserver and an etcd on the same machine, which take most of it. About ten minutes.
bench-operator: ## Measure the operator with RESOURCES (default 10000) on a real Kubernetes API server
	@scripts/setup.sh build kubernetes
	@cargo build --release --locked -p portvakt
	@KUBEBUILDER_ASSETS="$$(scripts/kubernetes.sh)" && export KUBEBUILDER_ASSETS && \
	  PORTVAKT_MEASURED="$(CURDIR)/target/release/portvakt" \
	  PORTVAKT_RESOURCES=$(or $(RESOURCES),10000) \
	  cargo test --locked -p portvakt --test kubernetes scale -- --nocapture
