// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl add-service and remove-service; also start-all, stop-all and delete-all, which act on
// all services of class user.
#include <cstdio>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/others.hpp"
#include "client/question.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

namespace {

constexpr const char* kStandardInput = "-";

/// Reads standard input. More than a service file may have is an error.
Result<std::string> read_input() {
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (std::ferror(stdin) != 0) return sys_failure("read", "standard input");
  if (text.size() > kMaxFileBytes)
    return failure(fmt::format("standard input has more than {} bytes", kMaxFileBytes));
  return text;
}

/// The sections of the file as JSON. Adds the service's name, which may be missing in the file.
std::string config_of(const ServiceSpec& spec) {
  JsonDocument document = json_from(spec.document).value();
  auto& main = document[kind_name(spec.kind).data()];
  JsonValue name(spec.name.data(), static_cast<unsigned>(spec.name.size()));
  if (main.HasMember("name"))
    main["name"] = name;
  else
    main.AddMember("name", name, document.GetAllocator());
  return json_text(document);
}

/// The effects on other services, from an answer.
std::string others_text(const VerbContext& context, const JsonValue& answer) {
  Others others;
  others.add(answer);
  return others.text(context.terminal());
}

std::string warnings_text(const JsonValue& answer) {
  std::string text;
  for (const std::string& warning : json_strings(answer, "warnings"))
    text += fmt::format("warning: {}\n", warning_words(warning));
  return text;
}

int print_set(VerbContext& context, const std::string& json) {
  const JsonDocument answer = parse_json(json);
  const SetResult result = read_as<SetResult>(answer);
  std::string text =
      fmt::format("{} {}{}{}\n", printable(result.name), result.created ? "added" : "replaced",
                  result.restarted ? " and restarted" : "",
                  context.arguments.has("persist") ? "" : ", at runtime only");
  text += others_text(context, answer);
  return context.print_result(json, text + warnings_text(answer));
}

/// Calls `method`, which acts on all services of class user, and prints each outcome. `done` is the
/// member of the answer with the successful services.
int change_all(VerbContext& context, const char* method, const char* done) {
  const std::string json = context.call_patiently(method, "{}");
  const BulkResult bulk = read_bulk(parse_json(json), done);
  TextBlock block(context.terminal());
  block.add(done, name_list(bulk.done, Colour::green));
  for (const PassedOver& one : bulk.skipped)
    block.add("skipped", printable(fmt::format("{}: {}", one.name, one.reason)));
  const bool nothing = block.text().empty() && bulk.failed.empty();
  context.print_result(json, nothing ? "nothing to do\n" : block.text());
  for (const PassedOver& one : bulk.failed)
    if (!context.json()) context.warn(one.name, one.reason);
  return bulk.failed.empty() ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace

int run_add_service(VerbContext& context) {
  const std::string& path = context.arguments.rest.front();
  const ParsedSpec parsed = read_spec({path}, {}, [](const std::string& file) {
    return file == kStandardInput ? read_input() : read_from_disk(file);
  });
  if (has_error(parsed.diagnostics, true)) {
    for (const Diagnostic& one : parsed.diagnostics) {
      if (one.severity == Severity::warning) continue;
      Diagnostic fault = one;
      fault.severity = Severity::error;
      context.warn({}, to_text(fault));
    }
    return ExitStatus::failed;
  }
  if (parsed.proxy) {
    return context.fail(ExitStatus::failed, path,
                        "describes a proxy, not a service; `zinitctl xinet set` makes one");
  }
  ask_before_replacing(context, parsed.spec->name);
  JsonParams params;
  params.add_json("config", config_of(*parsed.spec))
      .add("persist", context.arguments.has("persist"));
  try {
    return print_set(context, context.call_patiently("service.set", params.text()));
  } catch (const ClientError& error) {
    return context.fail_faults(error, parsed.spec->name);
  }
}

int run_remove_service(VerbContext& context) {
  ask_before_all(context, "removes", Affects::all);
  return context.for_each_name([&](const std::string& name) {
    JsonParams params = named(name);
    for (const char* const option : {"persist", "cascade"})
      params.add(option, context.arguments.has(option));
    const std::string json = context.call_patiently("service.delete", params.text());
    const JsonDocument answer = parse_json(json);
    return context.print_result(json, fmt::format("{} removed\n", printable(name)) +
                                          others_text(context, answer) + warnings_text(answer));
  });
}

int run_start_all(VerbContext& context) {
  return change_all(context, "service.start_all", "started");
}
int run_stop_all(VerbContext& context) {
  if (asks(context)) ask_before(context, {}, up_beside(context, {}));
  return change_all(context, "service.stop_all", "stopped");
}
int run_delete_all(VerbContext& context) {
  if (asks(context)) ask_before(context, {}, up_beside(context, {}, Protects::all));
  return change_all(context, "service.delete_all", "deleted");
}

}  // namespace zinit
