// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What a load of files does to proxies.
#include "activation/proxy_plan.hpp"
#include "support/test.hpp"

namespace zinit::test::activation_proxy_plan {
namespace {

/// A proxy from the file NAME.toml, or set at runtime if its name begins with "runtime".
ProxySpec proxy(const std::string& name, const std::string& port = "1") {
  ProxySpec spec;
  spec.name = name;
  spec.listen = {"127.0.0.1:" + port};
  spec.file = name.starts_with("runtime") ? "" : "/etc/zinit/" + name + ".toml";
  return spec;
}

ProxySpec wrong(const std::string& name) {
  ProxySpec spec = proxy(name);
  spec.errors = {name + " is wrong"};
  return spec;
}

ProxyPtr shared(const ProxySpec& spec) { return std::make_shared<ProxySpec>(spec); }

ProxyEntries entries_of(const std::vector<ProxySpec>& specs) {
  ProxyEntries entries;
  for (const ProxySpec& spec : specs) entries[spec.name].spec = shared(spec);
  return entries;
}

LoadedConfig config_of(const std::vector<ProxySpec>& specs) {
  LoadedConfig config;
  for (const ProxySpec& spec : specs) config.proxies.push_back(shared(spec));
  return config;
}

using Names = std::vector<std::string>;

TEST_CASE("proxy plan: a load changes what files say, and no proxy that was set at runtime",
          "[activation]") {
  const ProxyEntries entries =
      entries_of({proxy("same"), proxy("other"), proxy("gone"), proxy("bad"), proxy("runtime")});
  const LoadedConfig config =
      config_of({proxy("same"), proxy("other", "2"), proxy("new"), wrong("bad"), wrong("newbad")});
  ProxyReport report = plan_of(config, entries);
  CHECK(report.added == Names{"new"});
  CHECK(report.changed == Names{"other"});
  CHECK(report.removed == Names{"gone"});
  CHECK(report.unchanged == Names{"runtime", "same"});
  CHECK(report.failed == Names{"bad", "newbad"});
  CHECK(report.messages == Names{"bad is wrong", "newbad is wrong"});
  // The proxy whose file is wrong keeps its setting.
  const ProxyFiles files = files_of(config, entries);
  CHECK(file_of("bad", files) == entries.at("bad").spec.get());
  CHECK(file_of("gone", files) == nullptr);

  ProxyEntries after = entries;
  after.at("same").error = "no address";
  add_faults(report, after);
  CHECK(report.unchanged == Names{"runtime"});
  CHECK(report.failed == Names{"bad", "newbad", "same"});
  CHECK(report.messages.back() == "same: no address; tried again every 5 s");
}

TEST_CASE("proxy plan: a proxy stays if its directory is missing, or its file cannot be read",
          "[activation]") {
  const ProxyEntries entries = entries_of({proxy("a"), proxy("b"), proxy("runtime")});
  LoadedConfig config;
  auto broken = std::make_shared<ServiceSpec>();
  broken->file = "/etc/zinit/b.toml";
  broken->findings.edit().errors = {"b is no TOML"};
  config.specs = {broken};
  CHECK(plan_of(config, entries).removed == Names{"a"});
  config.missing = {"/etc/zinit"};
  CHECK(plan_of(config, entries).removed.empty());
}

TEST_CASE("proxy plan: only a proxy whose address changes leaves it, and only a fault is retried",
          "[activation]") {
  ProxyEntries entries = entries_of({proxy("p"), proxy("runtime")});
  const ProxyFiles same = {shared(proxy("p"))}, moved = {shared(proxy("p", "2"))},
                   bad = {shared(wrong("p"))};
  CHECK_FALSE(leaves(entries.at("p"), same));
  CHECK(leaves(entries.at("p"), moved));
  CHECK_FALSE(leaves(entries.at("p"), bad));
  CHECK(leaves(entries.at("p"), {}));
  CHECK_FALSE(leaves(entries.at("runtime"), {}));
  CHECK_FALSE(worth_a_retry(entries, moved));
  entries.at("p").error = "no address";
  CHECK(worth_a_retry(entries, moved));
  CHECK(worth_a_retry(entries, {}));
  CHECK_FALSE(worth_a_retry(entries, bad));
}

}  // namespace
}  // namespace zinit::test::activation_proxy_plan
