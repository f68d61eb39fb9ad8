// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl reload: the server reads the service files again. With names, these services reload
// themselves.
#include <sys/stat.h>

#include <map>
#include <set>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/question.hpp"
#include "client/settle_reloaded.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"
#include "config/diagnostic.hpp"

namespace zinit {

namespace {

/// The names, each with its reasons from the report: "db (exec)".
std::vector<std::string> with_reasons(std::vector<std::string> names, const ReloadReport& report) {
  for (std::string& name : names) {
    if (const auto why = report.why.find(name); why != report.why.end())
      name += fmt::format(" ({})", join(why->second, ", "));
  }
  return names;
}

using Faults = std::map<std::string, std::vector<std::string>>;

/// The faults, each once: one template may make many services.
std::vector<std::string> each_once(const Faults& faults) {
  std::vector<std::string> all;
  for (const auto& [name, own] : faults)
    for (const std::string& fault : own) add_once(all, fault);
  return all;
}

/// The service files that are not in force; the service's name if its file is not given.
std::set<std::string> faulty_files(const ReloadReport& report) {
  std::set<std::string> files;
  for (const std::string& name : report.failed) {
    const auto own = report.faults.find(name);
    const bool told = own != report.faults.end() && !own->second.empty();
    const std::string file = told ? parse_diagnostic(own->second.front()).file : "";
    files.insert(file.empty() ? name : file);
  }
  return files;
}

/// The names of services or of proxies.
void add_names(TextBlock& block, const auto& names) {
  block.add("added", name_list(names.added, Colour::green));
  block.add("changed", name_list(names.changed, Colour::yellow));
  block.add("removed", name_list(names.removed, Colour::red));
  if (!names.unchanged.empty()) block.add("unchanged", std::to_string(names.unchanged.size()));
}

std::string proxies_text(VerbContext& context, const ReloadedProxies& proxies) {
  TextBlock block(context.terminal());
  add_names(block, proxies);
  block.add("failed", name_list(proxies.failed, Colour::red));
  for (const std::string& fault : proxies.messages) block.add("", printable(fault));
  return block.text();
}

/// What a report shows that names no service.
std::string nothing_words(const VerbContext& context) {
  const auto& names = context.arguments.rest;
  const auto is_template = [](const std::string& name) { return name.ends_with('@'); };
  if (const auto found = std::ranges::find_if(names, is_template); found != names.end())
    return fmt::format("    {0} is a template; `zinitctl start {0}NAME` starts an instance\n",
                       *found);
  return context.arguments.has("only") ? "    no service is read from there\n"
                                       : "    no service is configured\n";
}

void print_report(VerbContext& context, const ReloadReport& report, bool dry_run) {
  TextBlock block(context.terminal());
  add_names(block, report);
  block.add("restarted", name_list(with_reasons(report.restarted, report), Colour::yellow));
  block.add("stopped", name_list(with_reasons(report.stopped, report), Colour::red));
  block.add("waiting", name_list(with_reasons(report.waiting, report), Colour::yellow));
  block.add("settings", name_list(report.settings, Colour::yellow));
  block.add("failed", name_list(report.failed, Colour::red));
  for (const std::string& fault : each_once(report.faults)) block.add("", printable(fault));
  for (const std::string& warning : report.warnings) block.add("warning", warning_words(warning));
  context.print(dry_run ? "a reload would do this:\n" : "reloaded:\n");
  context.print(block.text().empty() ? nothing_words(context) : block.text());
  const std::string proxies = proxies_text(context, report.proxies);
  if (!proxies.empty()) context.print("proxies:\n" + proxies);
}

/// Asks for a reload: of the service `name` if given; otherwise of files, all or those of `only`.
std::uint64_t request_reload(VerbContext& context, const std::string& name, bool dry_run,
                             const std::vector<std::string>& only) {
  JsonParams params;
  params.add_given("name", name).add("dry_run", dry_run).add_given("only", only);
  if (context.arguments.has("no-restart")) params.add("no_restart", true);
  if (context.arguments.has("no-check")) params.add("check", false);
  return context.client().request("service.reload", params.text());
}

/// Checks before the reload may take long.
std::string answer_to_reload(VerbContext& context, std::uint64_t request) {
  return context.client().answer(request, with_grace(context.time_left()));
}

std::string call_reload(VerbContext& context, const std::string& name, bool dry_run,
                        const std::vector<std::string>& only = {}) {
  return answer_to_reload(context, request_reload(context, name, dry_run, only));
}

/// Makes services reload themselves. The server answers when this is done.
int reload_themselves(VerbContext& context, bool dry_run) {
  return context.for_each_name([&](const std::string& name) {
    context.print_result(
        call_reload(context, name, dry_run),
        fmt::format("{} {}\n", printable(name), dry_run ? "can reload" : "reloaded"));
    context.flush();
    return ExitStatus::done;
  });
}

}  // namespace

int run_reload(VerbContext& context) {
  Arguments& arguments = context.arguments;
  const bool dry_run = arguments.has("dry-run");
  if (arguments.has("only")) {
    const std::vector<std::string> only = arguments.values("only");
    arguments.rest.insert(arguments.rest.begin(), only.begin(), only.end());
  } else if (!arguments.rest.empty()) {
    for (const std::string_view option : {"no-restart", "wait"})
      if (arguments.has(option))
        throw VerbFailure{
            ExitStatus::usage,
            fmt::format("--{} is for a reload of files: name services by --only", option)};
    return reload_themselves(context, dry_run);
  }
  const std::vector<std::string> only = context.names();
  for (const std::string& each : only)
    if (each.starts_with('/') && type_at(each) == S_IFREG)
      throw VerbFailure{ExitStatus::failed,
                        "is a file; --only takes the name of its service, or a directory", each};
  if (!dry_run) ask_before_reload(context, only);
  return reload_files(context, only, arguments.has("wait") && !dry_run);
}

void ask_before_reload(VerbContext& context, const std::vector<std::string>& only) {
  if (!asks(context)) return;
  const std::uint64_t request = request_reload(context, {}, true, only);
  // If the time is over, the answer that follows says so.
  if (!await_input(context.client().fd(), context.time_left().value_or(kForever)))
    throw VerbFailure{ExitStatus::failed, "nothing was changed"};
  const ReloadReport report = parse_as<ReloadReport>(answer_to_reload(context, request));
  std::vector<std::string> stops = up_among(context, report.removed);
  stops.insert(stops.end(), report.stopped.begin(), report.stopped.end());
  ask_before(context, report.restarted, stops);
}

int reload_files(VerbContext& context, const std::vector<std::string>& only, bool waits) {
  const bool dry_run = context.arguments.has("dry-run");
  const std::int64_t began_us = wall_us();
  std::string json = call_reload(context, {}, dry_run, only);
  const ReloadReport report = parse_as<ReloadReport>(json);
  if (!context.json()) print_report(context, report, dry_run);
  int status = ExitStatus::done;
  if (waits) status = settle_reloaded(context, report, began_us, json);
  if (context.json()) context.print_json(json);
  const std::size_t faulty = faulty_files(report).size(), proxies = report.proxies.failed.size();
  if (faulty + proxies == 0) return status;
  context.complain(
      "reload", fmt::format("{} file{} not in force; `zinitctl check` shows all faults{}",
                            faulty + proxies, faulty + proxies == 1 ? " is" : "s are",
                            proxies == 0 ? "" : ", and `zinitctl xinet list` those of addresses"));
  return ExitStatus::failed;
}

}  // namespace zinit
