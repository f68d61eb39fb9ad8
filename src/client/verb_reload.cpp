// zinitctl reload: the server reads the service files again. With a name, only that service is told
// to reload itself.
#include <algorithm>
#include <map>
#include <set>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/text_block.hpp"
#include "config/templates.hpp"

namespace zinit {

namespace {

/// The names, each with the reasons that the report gives for it: "db (exec)".
std::vector<std::string> with_reasons(std::vector<std::string> names, const ReloadReport& report) {
  for (std::string& name : names) {
    if (const auto why = report.why.find(name); why != report.why.end())
      name += fmt::format(" ({})", join(why->second, ", "));
  }
  return names;
}

/// What is not in force, and why: each once, though many services may be made of a template.
struct RefusedFiles {
  std::set<std::string> files;  // of what is not there yet the name of the service
  std::vector<std::string> faults;
};

/// Why the new files of `names` were refused. A new service has failed for that reason; one that
/// was loaded before goes on.
RefusedFiles refused_of(Client& client, const std::vector<std::string>& names, bool dry_run) {
  RefusedFiles refused;
  for (const std::string& name : names) {
    ServiceStatus status;
    try {
      if (!dry_run || !template_of(name).empty()) status = client.status_full(name);
    } catch (const ClientError& error) {
      if (error.code() > 0) throw;  // else it does not exist: a dry run loads nothing
    }
    refused.files.insert(status.instance_of.empty() ? name : status.file);
    const bool has_failed = status.reason && !status.reason->messages.empty();
    for (const std::string& fault : has_failed ? status.reason->messages : status.refused)
      if (std::ranges::find(refused.faults, fault) == refused.faults.end())
        refused.faults.push_back(fault);
  }
  return refused;
}

void add_names(TextBlock& block, const ReloadedNames& names) {
  block.add("added", name_list(names.added, Colour::green));
  block.add("changed", name_list(names.changed, Colour::yellow));
  block.add("removed", name_list(names.removed, Colour::red));
  if (!names.unchanged.empty()) block.add("unchanged", std::to_string(names.unchanged.size()));
}

/// The warnings of all services, by name.
using Warnings = std::map<std::string, std::vector<std::string>>;

Warnings all_warnings(Client& client) {
  const std::string all = client.call("service.list_full", R"({"members":["name","warnings"]})");
  const JsonDocument services = parse_json(all);
  json_expect_array(services, "services");
  Warnings warnings;
  for (const JsonValue& one : services.GetArray())
    warnings[json_string(one, "name")] = json_strings(one, "warnings");
  return warnings;
}

/// What a reload is to be told for: all warnings of files that have changed a service, and new
/// ones of others, such as an unknown key, which changes nothing. Those of refused files are told
/// as faults.
std::vector<std::string> told_warnings(const Warnings& before, const Warnings& after,
                                       const ReloadReport& report) {
  const auto has = [](const std::vector<std::string>& list, const std::string& one) {
    return std::ranges::find(list, one) != list.end();
  };
  std::vector<std::string> told;
  for (const auto& [name, warnings] : after) {
    if (warnings.empty() || has(report.failed, name)) continue;
    const auto old = before.find(name);
    const bool all = old == before.end() || has(report.added, name) || has(report.changed, name);
    for (const std::string& warning : warnings)
      if (all || !has(old->second, warning)) told.push_back(warning);
  }
  return told;
}

std::string proxies_text(VerbContext& context, const ReloadReport::Proxies& proxies) {
  TextBlock block(context.terminal());
  add_names(block, proxies);
  block.add("failed", name_list(proxies.failed, Colour::red));
  for (const std::string& fault : proxies.messages) block.add("", printable(fault));
  return block.text();
}

void print_report(VerbContext& context, const ReloadReport& report, const RefusedFiles& refused,
                  const Warnings& before, bool dry_run) {
  TextBlock block(context.terminal());
  add_names(block, report);
  block.add("restarted", name_list(with_reasons(report.restarted, report), Colour::yellow));
  block.add("stopped", name_list(with_reasons(report.stopped, report), Colour::red));
  block.add("failed", name_list(report.failed, Colour::red));
  if (!dry_run)
    for (const std::string& fault : refused.faults) block.add("", printable(fault));
  // A dry run applies nothing, so there is nothing yet that could have warnings.
  if (!dry_run) {
    for (const std::string& warning : told_warnings(before, all_warnings(context.client()), report))
      block.add("warning", printable(warning));
  }
  context.print(dry_run ? "a reload would do this:\n" : "reloaded:\n");
  context.print(block.text().empty() ? "    no service is configured\n" : block.text());
  const std::string proxies = proxies_text(context, report.proxies);
  if (!proxies.empty()) context.print("proxies:\n" + proxies);
}

/// Makes one service reload itself. The server answers when that is done.
int reload_one(VerbContext& context, const std::string& name, bool dry_run) {
  const std::string json = context.client().call(
      "service.reload", JsonParams().add("name", name).add("dry_run", dry_run).text());
  return context.print_result(
      json, fmt::format("{} {}\n", printable(name), dry_run ? "can reload" : "reloaded"));
}

}  // namespace

int run_reload(VerbContext& context) {
  const auto& names = context.arguments.rest;
  if (names.empty()) return reload_files(context);
  return reload_one(context, names.front(), context.arguments.has("dry-run"));
}

int reload_files(VerbContext& context) {
  const bool dry_run = context.arguments.has("dry-run");
  Warnings before;
  if (!dry_run && !context.json()) before = all_warnings(context.client());
  const std::string json =
      context.client().call("service.reload", JsonParams().add("dry_run", dry_run).text());
  const ReloadReport report = read_reload(parse_json(json));
  const RefusedFiles refused = refused_of(context.client(), report.failed, dry_run);
  context.json() ? context.print_json(json)
                 : print_report(context, report, refused, before, dry_run);
  const std::size_t failed = refused.files.size() + report.proxies.failed.size();
  if (failed == 0) return ExitStatus::done;
  context.complain("reload",
                   fmt::format("{} file{} not in force; `zinitctl check` shows all faults", failed,
                               failed == 1 ? " is" : "s are"));
  return ExitStatus::failed;
}

}  // namespace zinit
