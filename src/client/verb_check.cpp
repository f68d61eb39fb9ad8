// zinitctl check: finds faults in service files, without a server.
#include "base/format.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"
#include "config/check.hpp"

namespace zinit {

namespace {

/// For check, unknown keys are errors (config/check.hpp).
const char* severity_word(Severity severity) {
  return severity == Severity::warning ? "warning" : "error";
}

std::string diagnostic_json(const Diagnostic& diagnostic) {
  JsonParams object;
  object.add("file", diagnostic.file)
      .add("line", diagnostic.at.line)
      .add("column", diagnostic.at.column)
      .add("severity", severity_word(diagnostic.severity))
      .add("key", diagnostic.key)
      .add("text", diagnostic.text);
  return object.text();
}

void print_check_json(VerbContext& context, const CheckResult& result) {
  std::string text =
      fmt::format(R"({{"ok":{},"files":{},"faults":[)", result.exit_code() == 0, result.files);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (text.back() == '}') text += ',';
    text += diagnostic_json(diagnostic);
  }
  context.print_json(text + "]}");
}

void print_check(VerbContext& context, const CheckResult& result) {
  for (const Diagnostic& diagnostic : result.diagnostics) context.print(to_text(diagnostic) + "\n");
  if (!result.diagnostics.empty()) return;
  context.print(
      fmt::format("{} file{} checked, no faults\n", result.files, result.files == 1 ? "" : "s"));
}

}  // namespace

int run_check(VerbContext& context) {
  const Places places = places_below({});
  const std::vector<std::string>& paths = context.arguments.rest;
  const CheckResult result =
      paths.empty() ? check_places(places) : check_paths(paths, places.settings_file);
  context.json() ? print_check_json(context, result) : print_check(context, result);
  return result.exit_code();
}

}  // namespace zinit
