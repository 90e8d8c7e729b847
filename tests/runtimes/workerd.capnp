using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "suite", worker = .suite),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
);

# The files of `dist` are modules beside the suite, as they are.
const suite :Workerd.Worker = (
  modules = [
    (name = "tests/runtimes/.built/worker.js", esModule = embed ".built/worker.js"),
    (name = "dist/index.js", esModule = embed "../../dist/index.js"),
    (name = "dist/admin.js", esModule = embed "../../dist/admin.js"),
    (name = "dist/live.js", esModule = embed "../../dist/live.js"),
    (name = "dist/schema.js", esModule = embed "../../dist/schema.js"),
    (name = "dist/tanstack-db.js", esModule = embed "../../dist/tanstack-db.js"),
    (name = "dist/transfer.js", esModule = embed "../../dist/transfer.js"),
  ],
  bindings = [(name = "ORDER", fromEnvironment = "ORDER")],
  compatibilityDate = "2026-01-01",
  globalOutbound = "internet",
);
