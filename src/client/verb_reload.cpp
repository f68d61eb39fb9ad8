// zinitctl reload: what became of each service, or would.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/text_block.hpp"

namespace zinit {

namespace {

/// "web, db (exec)," ...; those of which there is more to say with that.
std::vector<BlockWord> name_words(const std::vector<std::string>& names, Colour colour,
                                  const ReloadReport& report) {
  std::vector<BlockWord> words;
  for (const std::string& name : names) {
    std::string text = printable(name);
    const auto why = report.why.find(name);
    if (why != report.why.end()) text += fmt::format(" ({})", printable(join(why->second, ", ")));
    if (&name != &names.back()) text += ",";
    words.push_back({text, colour});
  }
  return words;
}

/// Why the new file of `name` is refused, as far as the server has kept it: what is new is failed
/// with the messages, what was loaded before has them among its warnings.
std::vector<std::string> faults_of(Client& client, const std::string& name) {
  try {
    const ServiceStatus status = client.status_full(name);
    if (status.reason && !status.reason->messages.empty()) return status.reason->messages;
    return status.warnings;
  } catch (const ClientError& error) {
    if (error.code() > 0) throw;
    return {};  // a dry run loads nothing
  }
}

void print_report(VerbContext& context, const ReloadReport& report, bool dry_run) {
  TextBlock block(context.terminal());
  const ReloadReport plain;
  block.add("added", name_words(report.added, Colour::green, plain));
  block.add("changed", name_words(report.changed, Colour::yellow, plain));
  block.add("removed", name_words(report.removed, Colour::red, plain));
  if (!report.unchanged.empty()) block.add("unchanged", std::to_string(report.unchanged.size()));
  block.add("restarted", name_words(report.restarted, Colour::yellow, report));
  block.add("stopped", name_words(report.stopped, Colour::red, report));
  block.add("failed", name_words(report.failed, Colour::red, plain));
  for (const std::string& name : report.failed) {
    if (dry_run) continue;
    for (const std::string& fault : faults_of(context.client(), name)) {
      block.add("", printable(fault));
    }
  }
  context.print(dry_run ? "a reload would do this:\n" : "reloaded:\n");
  context.print(block.text().empty() ? "    no service is configured\n" : block.text());
}

/// That service's own reload; the answer is there when it is done.
int reload_one(VerbContext& context, const std::string& name, bool dry_run) {
  try {
    const std::string json = context.client().call(
        "service.reload", JsonParams().add("name", name).add("dry_run", dry_run).text());
    if (context.json())
      context.print_json(json);
    else
      context.print(
          fmt::format("{} {}\n", printable(name), dry_run ? "could be reloaded" : "is reloaded"));
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return context.fail(error, name);
  }
}

}  // namespace

int run_reload(VerbContext& context) {
  const auto& names = context.arguments.rest;
  if (names.empty()) return reload_files(context);
  return reload_one(context, names.front(), context.arguments.has("dry-run"));
}

int reload_files(VerbContext& context) {
  const bool dry_run = context.arguments.has("dry-run");
  const std::string json =
      context.client().call("service.reload", JsonParams().add("dry_run", dry_run).text());
  const ReloadReport report = read_reload(parse_json(json));
  context.json() ? context.print_json(json) : print_report(context, report, dry_run);
  if (report.failed.empty()) return ExitStatus::done;
  return context.fail(
      ExitStatus::failed, "reload",
      fmt::format("{} service file{} refused; `zinitctl check` shows every fault",
                  report.failed.size(), report.failed.size() == 1 ? " is" : "s are"));
}

}  // namespace zinit
