// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl check: finds faults in service files, and shows when a calendar time is due.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/service_files.hpp"
#include "client/times.hpp"
#include "config/deep_check.hpp"
#include "files/absences.hpp"
#include "schedule/calendar.hpp"

namespace zinit {

namespace {

/// For check, unknown keys are errors (config/check.hpp).
const char* severity_word(Severity severity) {
  return severity == Severity::warning ? "warning" : "error";
}

void print_check_json(VerbContext& context, const CheckResult& result, const DeepCheck& deep) {
  JsonWriter writer;
  writer.begin_object().member("ok", result.exit_code(context.arguments.has("strict")) == 0);
  writer.member("files", result.files).member("errors", result.errors());
  writer.member("warnings", result.warnings());
  if (deep.done)
    writer.key("simulated_boot").begin_object().member("started", deep.started).end_object();
  writer.key("faults").begin_array();
  for (const Diagnostic& one : result.diagnostics) {
    writer.begin_object().member("file", one.file).member("line", one.at.line);
    writer.member("column", one.at.column).member("severity", severity_word(one.severity));
    writer.member("key", one.key).member("text", one.text).end_object();
  }
  context.print_json(writer.end_array().end_object().take());
}

/// "/etc/zinit/services, /usr/lib/zinit/services"
std::string directories_of(const Places& places) {
  std::vector<std::string> paths;
  for (const ConfigDirectory& directory : places.directories) paths.push_back(directory.path);
  return join(paths, ", ");
}

void print_check(VerbContext& context, const CheckResult& result, const DeepCheck& deep,
                 const Places& places) {
  for (const Diagnostic& diagnostic : result.diagnostics) context.print(to_text(diagnostic) + "\n");
  if (deep.done)
    context.print(fmt::format("a simulated boot starts {}\n", counted(deep.started, "service")));
  else if (context.arguments.has("deep"))
    context.print("no boot was simulated: correct the errors first\n");
  if (!result.diagnostics.empty())
    return context.print(fmt::format("{}: {}, {}\n", counted(result.files, "file"),
                                     counted(result.errors(), "error"),
                                     counted(result.warnings(), "warning")));
  if (result.files == 0 && context.arguments.rest.empty())
    return context.print(
        printable(fmt::format("no file to check in {}; name other places, as in `zinitctl check "
                              "DIRECTORY`",
                              directories_of(places))) +
        "\n");
  context.print(counted(result.files, "file") + " checked, no faults\n");
}

/// A place that the user has named must hold a file: its name may be wrong.
void tell_empty(const Places& places, const std::vector<std::string>& paths, CheckResult& result) {
  if (result.files > 0 || result.errors() > 0) return;
  const auto tell = [&](const std::string& place, const std::string& read) {
    result.diagnostics.push_back({place,
                                  {1, 1},
                                  Severity::error,
                                  {},
                                  "holds no service file: files NAME.toml are read in " + read});
  };
  if (!places.root.empty()) tell(places.root, directories_of(places));
  for (const std::string& path : paths)
    tell(path, "this directory, or in its directories system, services and targets");
}

/// The places of the server, so that a check finds what a reload would find. Given paths are
/// checked even if the server belongs to another user; its zinit.toml does not count then.
Places places_to_check(VerbContext& context) {
  if (context.arguments.has("root") && !context.arguments.rest.empty())
    throw VerbFailure{ExitStatus::usage, "--root looks at all files below DIR: leave out the PATH"};
  try {
    return places_of(context);
  } catch (const VerbFailure&) {
    if (context.arguments.rest.empty()) throw;
    return places_below({});
  }
}

/// Whether it warns of something that is required and does not exist.
bool is_lack(const Diagnostic& one) {
  const bool requires_it = one.key == "dependencies.requires" || one.key == "dependencies.binds_to";
  return requires_it && one.severity == Severity::warning;
}

/// What is required and missing may be added later, so the files alone give a warning. It becomes
/// an error if the service is up, because a reload then refuses the file. A check of all places
/// also reports why a reload of all would be refused.
void tell_refused(VerbContext& context, const Places& places, CheckResult& result) try {
  const bool all = context.arguments.rest.empty();
  if (!all && std::ranges::none_of(result.diagnostics, is_lack)) return;
  const std::string params = JsonParams().add("dry_run", true).add("check", false).text();
  const auto report = parse_as<ReloadReport>(context.client().call("service.reload", params));
  for (const auto& [name, faults] : report.faults) {
    for (const std::string& fault : faults) {
      const Diagnostic told = parse_diagnostic(fault);
      for (Diagnostic& one : result.diagnostics) {
        const bool same =
            one.at.line == told.at.line && one.at.column == told.at.column && one.key == told.key;
        if (!same || !is_lack(one) || place_key(one.file) != place_key(told.file)) continue;
        one.severity = Severity::error;
        one.text = told.text + "; a reload refuses this";
      }
    }
  }
} catch (const ClientError& error) {
  // Without a server nothing is up.
  if (error.code() == ErrorCode::config_error || error.code() == ErrorCode::file_error)
    result.diagnostics.push_back({directories_of(places),
                                  {1, 1},
                                  Severity::error,
                                  {},
                                  fmt::format("a reload is refused: {}", error.what())});
}

/// check --calendar: the next times, by the machine's clock and in its zone, as for timers.
int show_calendar_times(VerbContext& context) {
  constexpr int kTimes = 10;
  if (!context.arguments.rest.empty())
    throw VerbFailure{ExitStatus::usage, "--calendar looks at no file: leave out the PATH"};
  const auto spec = CalendarSpec::parse(context.arguments.value("calendar"));
  if (!spec) throw VerbFailure{ExitStatus::usage, spec.error().text};
  const auto zone = TimeZone::local();
  if (!zone) throw VerbFailure{ExitStatus::failed, zone.error().text};

  std::string lines;
  JsonWriter json;
  json.begin_array();
  auto next = spec->next_after(wall_us(), *zone);
  const bool any = next.has_value();
  for (int i = 0; next && i < kTimes; ++i, next = spec->next_after(*next, *zone)) {
    const std::string time = rfc3339_text(*next, zone->period_at(*next / 1'000'000).offset);
    lines += time + "\n";
    json.put(time);
  }
  context.print_result(json.end_array().take(), lines);
  if (any) return ExitStatus::done;
  return context.fail(ExitStatus::failed, "",
                      fmt::format("{} is never due again", spec->normalized()));
}

}  // namespace

int run_check(VerbContext& context) {
  if (context.arguments.has("calendar")) return show_calendar_times(context);
  const Places places = places_to_check(context);
  const std::vector<std::string>& paths = context.arguments.rest;
  const FindAbsences absences = absences_in(places.root, controllers_of(context, places));
  const FindGroup find_group = group_absences_in(places.root);
  CheckResult result = paths.empty() ? check_places(places, absences, find_group)
                                     : check_paths(paths, places, absences, find_group);
  tell_empty(places, paths, result);
  if (places.root.empty()) tell_refused(context, places, result);
  const DeepCheck deep = context.arguments.has("deep") ? check_deep(result) : DeepCheck{};
  context.json() ? print_check_json(context, result, deep)
                 : print_check(context, result, deep, places);
  return result.exit_code(context.arguments.has("strict"));
}

}  // namespace zinit
