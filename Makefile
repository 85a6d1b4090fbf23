# Vouch: `make run` starts the whole system on this machine, `make test` tests it.

GO      ?= go
ROOT    := $(CURDIR)
BIN     := $(ROOT)/.vouch/bin
STACK   := $(BIN)/vouch-local
SUB     ?= alice
SCOPES  ?= files:read files:write
TENANT  ?=
GROUPS  ?=

# The tools that check the code, at versions that the checks are known to pass with.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
GOSEC       := github.com/securego/gosec/v2/cmd/gosec@v2.30.0
CYCLONEDX   := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The licences of what is deployed, and of what only the local stack is built of.
ALLOWED_DEPLOYED := Apache-2.0,MIT,MIT-0,BSD-3-Clause,BSD-2-Clause,ISC
ALLOWED_LOCAL    := $(ALLOWED_DEPLOYED),MPL-2.0

.PHONY: web web-test run test emulator token functions stack clamd lint fuzz bench chaos corpus model iam costs clean help build cli reproducible supply gosec licences sbom vuln
.PHONY: page web-deploy allocs sim reference screenshots lighthouse
.PHONY: check-template registry deploy destroy logs

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: functions stack clamd ## start everything in the foreground; Ctrl-C stops it. ARGS="-api 127.0.0.1:8081" and the like change addresses
	@$(MAKE) -s page || echo "The web page is not built, for the reason above. All else runs without it."
	@$(STACK) run $(ARGS)

test: functions stack clamd ## run every test, the end-to-end ones against the local stack included
	$(GO) vet ./...
	cd local && $(GO) vet ./...
	$(GO) test -race -count=1 ./...
	cd local && $(GO) test -race -count=1 -timeout 20m $$($(GO) list ./... | grep -v '/local/model')
	cd local && $(GO) test -count=1 ./model/... # one goroutine, which nothing races, and six times as long with the detector
	cd bench && $(GO) test -count=1 ./...

emulator: ## give every function every event of events/ under AWS's Lambda Runtime Interface Emulator, as sam local invoke does (docs/sam.md); make test does it too
	cd local && $(GO) test -count=1 -v -run 'Sample|Authorizer' ./emulator ./samples

web: ## build the module for Uppy, the TypeScript client and the web page in web/, and test them without a browser; needs Node
	cd web && npm ci --no-audit --loglevel=error && npm run -s build && npm run -s check && npm run -s unit

web-test: ## the same, and Uppy itself, the client and the page in Chromium against the local stack
	@./web/test.sh

lighthouse: functions stack clamd page ## print what Lighthouse says of the web page, signed out and signed in; needs Node and Chromium (docs/web.md)
	@cd web && npm ci --prefix lighthouse --ignore-scripts --no-audit --loglevel=error && npm run -s lighthouse

page: ## build the web page to web/app/dist; without npm it says how to get that, and nothing else needs it
	@command -v npm >/dev/null || { echo "The web page is not built: there is no npm. Install Node 20 or later (https://nodejs.org, or apt-get install npm) and say make page."; exit 0; }; \
	cd web && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --loglevel=error; } && npm run -s --if-present page

token: stack ## print a token that the local stack accepts: make token SUB=alice, or SCOPES="files:admin", GROUPS="staff", TENANT=acme
	@$(STACK) token -sub '$(SUB)' -scopes '$(SCOPES)' -tenant '$(TENANT)' -groups '$(GROUPS)' $(ARGS)

functions: ## build the Lambda functions for this machine
	@mkdir -p $(BIN)/functions
	@CGO_ENABLED=0 $(GO) build -trimpath -tags lambda.norpc -o $(BIN)/functions/ ./functions/...

cli: ## build the command vouch to .vouch/bin (docs/cli.md)
	@mkdir -p $(BIN)
	@CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/vouch ./cmd/vouch

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

check-template: ## check the templates as they are deployed, without AWS: cfn-lint, SAM's transform, the rules of local/cloudformation, asl-validator
	@./local/cloudformation/check.sh

# The AWS command lines are for these four alone, and are not installed by anything here.
needs = @command -v $(1) >/dev/null || { echo 'make $@ needs the $(2), which is not installed: $(3)' >&2; exit 1; }
environment = @grep -q '^\[$(ENV)\.deploy\.parameters\]' samconfig.toml && test -n '$(ENV)' || { echo 'make $@ needs ENV, an environment of samconfig.toml: make $@ ENV=dev' >&2; exit 1; }
SAM_AT := https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html
CLI_AT := https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html

deploy: ## build and deploy to an environment of samconfig.toml: make deploy ENV=dev (docs/deploy.md)
	$(call environment)
	$(call needs,sam,SAM CLI,$(SAM_AT))
	sam build --config-env $(ENV)
	sam deploy --config-env $(ENV)

web-deploy: page ## send the web page to an environment's stack: make web-deploy ENV=dev (docs/web.md)
	$(call environment)
	$(call needs,aws,AWS CLI,$(CLI_AT))
	@./web/deploy.sh "$$(sed -n '/^\[$(ENV)\.global\.parameters\]/,/^$$/s/^stack_name = "\(.*\)"/\1/p' samconfig.toml)"

destroy: ## delete an environment's stack, without what it retains: make destroy ENV=dev (docs/deploy.md)
	$(call environment)
	$(call needs,sam,SAM CLI,$(SAM_AT))
	sam delete --config-env $(ENV)

logs: ## follow the log of an environment's functions: make logs ENV=dev
	$(call environment)
	$(call needs,aws,AWS CLI,$(CLI_AT))
	@stack=$$(sed -n '/^\[$(ENV)\.global\.parameters\]/,/^$$/s/^stack_name = "\(.*\)"/\1/p' samconfig.toml) && \
	group=$$(aws cloudformation describe-stack-resource --stack-name "$$stack" --logical-resource-id FunctionLogs --query StackResourceDetail.PhysicalResourceId --output text) && \
	aws logs tail --follow --format short "$$group"

registry: ## write the schemas of events/schemas into template.yaml, for EventBridge's registry
	@cd local && $(GO) run ./cmd/registry-schemas -root $(ROOT)

build: ## build the functions' zips as they are deployed to .vouch/build, and print their hashes and sizes
	@cd local && $(GO) run ./cmd/zip-functions -root $(ROOT) -out $(ROOT)/.vouch/build

reproducible: ## build the last commit's zips twice, in two folders and without a cache, and compare them
	@./local/reproducible.sh

supply: gosec licences sbom ## check what the code is made of, and list it

gosec: ## look for security faults in what is deployed, and in what its users run
	@! grep -rn '#nosec' --include='*.go' functions shared client cmd | grep -vE '#nosec G[0-9]{3} -- .'
	$(GO) run $(GOSEC) -quiet -severity medium ./functions/... ./shared/...
	$(GO) run $(GOSEC) -quiet -severity medium -exclude G304,G703 ./client/... ./cmd/...

licences: ## hold the modules that are linked in to the licences that are allowed
	@cd local && $(GO) run ./cmd/check-licences -dir $(ROOT) -allow $(ALLOWED_DEPLOYED) ./functions/... >/dev/null
	@cd local && $(GO) run ./cmd/check-licences -dir $(ROOT) -allow $(ALLOWED_DEPLOYED) ./client/... ./cmd/... >/dev/null
	@cd local && $(GO) run ./cmd/check-licences -dir . -allow $(ALLOWED_LOCAL) ./cmd/... >/dev/null

sbom: cli ## list the modules of what is deployed, and of the command vouch, to .vouch/sbom, in CycloneDX
	@mkdir -p .vouch/sbom
	@GOBIN=$(BIN) $(GO) install $(CYCLONEDX)
	@GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(BIN)/cyclonedx-gomod mod -test -licenses -json -output .vouch/sbom/vouch.cdx.json .
	@$(BIN)/cyclonedx-gomod bin -json -output .vouch/sbom/cli.cdx.json $(BIN)/vouch

vuln: ## look up known vulnerabilities of the modules; needs the network (vuln.go.dev)
	$(GO) run $(GOVULNCHECK) ./...
	cd local && $(GO) run $(GOVULNCHECK) ./...

TABLES ?= all
bench: functions cli clamd ## measure side by side with others and write docs/performance.md: make bench TABLES=ask,coldstart,ready,scan,transfer, or TABLES=none, which only writes it anew; ARGS=-quick tries whether it works
	@cd bench && $(GO) build -trimpath -o $(BIN)/bench . && $(BIN)/bench -root $(ROOT) -tables $(TABLES) $(ARGS)

sim: ## simulate uploads at scale, up to 10,000 a second, and write docs/scale.md; RENDER=1 writes it from the results that are there
	@cd bench && $(GO) run ./sim/cmd -root $(ROOT) $(if $(RENDER),-render)

allocs: ## hold what the hot paths allocate to bench/allocs.txt, which benchstat reads; make allocs UPDATE=1 writes it anew
	@cd bench && $(GO) test -count=1 ./ask ./allocs && $(GO) run ./allocs $(if $(UPDATE),-update)

SEED  ?= 1
FILES ?= 500
chaos: functions clamd ## make everything fail under load and see what holds: make chaos SEED=1 FILES=500, DURATION=1h for seed after seed, PARALLEL=1000 for uploads at once without faults (docs/chaos.md)
	@cd local && $(GO) build -trimpath -o $(BIN)/chaos ./chaos/cmd
	@$(BIN)/chaos -functions $(BIN)/functions -seed $(SEED) -files $(FILES) $(if $(DURATION),-duration $(DURATION)) $(if $(PARALLEL),-parallel $(PARALLEL)) $(ARGS)

corpus: ## write the files that verification is tested with to testdata/
	@cd local && $(GO) run ./corpus/cmd -dir $(ROOT)/testdata

model: ## check the life of a file exhaustively, within larger bounds than the tests
	cd local && $(GO) run ./model/cmd

iam: ## write the table of permissions in docs/iam.md
	cd local && $(GO) run ./leastprivilege/cmd -root $(ROOT)

screenshots: functions stack clamd page ## take the pictures of the web page in docs/screenshots, in Chromium; VIEWS="share dark" takes those alone
	cd web && node screenshots/run.mjs $(VIEWS)

reference: ## write docs/api.md from docs/openapi.yaml
	cd local && $(GO) run ./apidoc/reference/cmd -root $(ROOT)

costs: functions clamd ## count what AWS would bill for whole lives of files, and write docs/costs.md; TABLES=1 writes it from the counts that are there
	cd local && $(GO) run ./costs/cmd -root $(ROOT) $(if $(TABLES),-tables)

FUZZTIME ?= 20s
fuzz: ## fuzz every parser and policy: make fuzz FUZZTIME=20s
	@for dir in . local; do cd $(ROOT)/$$dir; \
	for pkg in $$($(GO) list ./...); do \
	for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
		echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	done; done; done

clean: ## remove what was built; the data under .vouch/data stays
	rm -rf $(BIN)
