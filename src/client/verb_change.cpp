// zinitctl add-service and remove-service, and start-all, stop-all and delete-all: services come
// and go at runtime, and requests about all of class user.
#include <cstdio>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/text_block.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

namespace {

constexpr const char* kStandardInput = "-";

/// All of standard input, or one byte more than a service file may have.
Result<std::string> read_input() {
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (std::ferror(stdin) != 0) return sys_failure("read", "standard input");
  if (text.size() > kMaxFileBytes)
    return failure(fmt::format("standard input has more than {} bytes", kMaxFileBytes));
  return text;
}

/// The file's sections as JSON, with the name that it has by its own name, too.
std::string config_of(const ServiceSpec& spec) {
  JsonDocument document;
  document.Parse<kJsonParse>(spec.document.data(), spec.document.size());
  auto& main = document[spec.is_target() ? "target" : "service"];
  JsonValue name(spec.name.data(), static_cast<unsigned>(spec.name.size()));
  if (main.HasMember("name"))
    main["name"] = name;
  else
    main.AddMember("name", name, document.GetAllocator());
  return json_text(document);
}

/// Waits for the answer as long as it takes, or as --timeout says.
std::string patient_call(VerbContext& context, const char* method, const std::string& params) {
  const std::uint64_t request = context.client().request(method, params);
  return context.client().answer(request, context.time_left());
}

/// The faults that the server found, one a line; where there are none, the error itself.
int tell_refusal(VerbContext& context, const ClientError& error, const std::string& name) {
  if (error.code() != ErrorCode::config_error) return context.fail(error, name);
  int status = ExitStatus::failed;
  const JsonDocument data = parse_json(error.data());
  for (const std::string& fault : json_strings(data, "messages"))
    status = context.fail(status, fmt::format("{} {}", context.verb.name, printable(name)),
                          printable(fault));
  return status;
}

void print_set(VerbContext& context, const std::string& json) {
  const SetResult result = read_set(parse_json(json));
  if (context.json()) return context.print_json(json);
  context.print(fmt::format("{} is {}{}\n", printable(result.name),
                            result.created ? "added" : "replaced",
                            context.arguments.has("persist") ? "" : ", at runtime only"));
  for (const std::string& warning : result.warnings)
    context.print(fmt::format("warning: {}\n", printable(warning)));
}

std::vector<BlockWord> words_of_names(const std::vector<std::string>& names, Colour colour) {
  std::vector<BlockWord> words;
  for (const std::string& name : names)
    words.push_back({printable(name) + (&name == &names.back() ? "" : ","), colour});
  return words;
}

/// One call about all services of class user, told by what became of them.
int about_all(VerbContext& context, const char* method, const char* done) {
  const std::string json = patient_call(context, method, "{}");
  const BulkResult bulk = read_bulk(parse_json(json), done);
  if (context.json()) {
    context.print_json(json);
    return bulk.failed.empty() ? ExitStatus::done : ExitStatus::failed;
  }
  TextBlock block(context.terminal());
  block.add(done, words_of_names(bulk.done, Colour::green));
  for (const PassedOver& one : bulk.skipped)
    block.add("skipped", fmt::format("{}: {}", printable(one.name), printable(one.reason)));
  context.print(block.text().empty() && bulk.failed.empty() ? "nothing is to be done\n"
                                                            : block.text());
  context.flush();
  int status = ExitStatus::done;
  for (const PassedOver& one : bulk.failed)
    status = context.fail(ExitStatus::failed, fmt::format("{} {}", context.verb.name, one.name),
                          printable(one.reason));
  return status;
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
      context.fail(ExitStatus::failed, context.verb.name, to_text(fault));
    }
    return ExitStatus::failed;
  }
  JsonParams params;
  params.add_json("config", config_of(*parsed.spec))
      .add("persist", context.arguments.has("persist"));
  try {
    print_set(context, patient_call(context, "service.set", params.text()));
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return tell_refusal(context, error, parsed.spec->name);
  }
}

int run_remove_service(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  JsonParams params;
  params.add("name", name)
      .add("persist", context.arguments.has("persist"))
      .add("cascade", context.arguments.has("cascade"));
  try {
    const std::string json = patient_call(context, "service.delete", params.text());
    context.json() ? context.print_json(json)
                   : context.print(fmt::format("{} is removed\n", printable(name)));
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return context.fail(error, name);
  }
}

int run_start_all(VerbContext& context) {
  return about_all(context, "service.start_all", "started");
}
int run_stop_all(VerbContext& context) { return about_all(context, "service.stop_all", "stopped"); }
int run_delete_all(VerbContext& context) {
  return about_all(context, "service.delete_all", "deleted");
}

}  // namespace zinit
