# Vouch: `make run` starts the whole system on this machine, `make test` tests it.

GO      ?= go
ROOT    := $(CURDIR)
BIN     := $(ROOT)/.vouch/bin
STACK   := $(BIN)/vouch-local
SUB     ?= alice
SCOPES  ?= files:read files:write

# The tools that check the code, at versions that the checks are known to pass with.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0

.PHONY: run test token functions stack clamd lint fuzz bench chaos corpus clean help

help: ## say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: functions stack clamd ## start everything in the foreground; Ctrl-C stops it. ARGS="-api 127.0.0.1:8081" and the like change addresses
	@$(STACK) run $(ARGS)

test: functions stack clamd ## run every test, the end-to-end ones against the local stack included
	$(GO) vet ./...
	cd local && $(GO) vet ./...
	$(GO) test -race -count=1 ./...
	cd local && $(GO) test -race -count=1 -timeout 20m ./...

token: stack ## print a token that the local stack accepts: make token SUB=alice, or SCOPES="files:admin"
	@$(STACK) token -sub '$(SUB)' -scopes '$(SCOPES)' $(ARGS)

functions: ## build the Lambda functions for this machine
	@mkdir -p $(BIN)/functions
	@CGO_ENABLED=0 $(GO) build -trimpath -tags lambda.norpc -o $(BIN)/functions/ ./functions/...

stack: ## build the local stack
	@mkdir -p $(BIN)
	@cd local && $(GO) build -trimpath -o $(STACK) ./cmd/vouch-local

clamd: ## install ClamAV's daemon, its client and its updater if one is missing
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"; for p in clamd clamdscan freshclam; do command -v $$p >/dev/null || exec ./local/install-clamd.sh; done

lint: ## check the code's form
	@test -z "$$($(GO) run $(GOFUMPT) -l . local bench)" || { $(GO) run $(GOFUMPT) -l . local bench; exit 1; }
	$(GO) run $(STATICCHECK) ./...
	cd local && $(GO) run $(STATICCHECK) ./...
	cd bench && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...

bench: functions clamd ## measure the scan function against clamdscan, side by side (needs clamdscan)
	@cd bench && $(GO) build -trimpath -o $(BIN)/bench . && $(BIN)/bench -root $(ROOT)

SEED  ?= 1
FILES ?= 500
chaos: functions clamd ## make everything fail under load and see what holds: make chaos SEED=1 FILES=500, DURATION=1h for seed after seed, PARALLEL=1000 for uploads at once without faults (docs/chaos.md)
	@cd local && $(GO) build -trimpath -o $(BIN)/chaos ./chaos/cmd
	@$(BIN)/chaos -functions $(BIN)/functions -seed $(SEED) -files $(FILES) $(if $(DURATION),-duration $(DURATION)) $(if $(PARALLEL),-parallel $(PARALLEL)) $(ARGS)

corpus: ## write the files that verification is tested with to testdata/
	@cd local && $(GO) run ./corpus/cmd -dir $(ROOT)/testdata

FUZZTIME ?= 20s
fuzz: ## fuzz every parser and policy: make fuzz FUZZTIME=20s
	@for dir in . local; do cd $(ROOT)/$$dir; \
	for pkg in $$($(GO) list ./...); do \
	for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
		echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	done; done; done

clean: ## remove what was built; the data under .vouch/data stays
	rm -rf $(BIN)
