// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import: makes service files from the files of another init.
#include <algorithm>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"
#include "import/import.hpp"

namespace zinit {

namespace {

/// One file, and the outcome for it.
struct Outcome {
  const Draft& draft;
  ImportedFile file;
  std::string path;
  bool written = false;
  std::string failure{};            // why it was not written
  int status = ExitStatus::failed;  // the exit status, if there is a failure
};

std::string words_of_left(const Draft& draft) {
  std::string text;
  std::vector<std::string> reasons;
  for (const LeftSetting& one : draft.left()) {
    if (!add_once(reasons, one.reason)) continue;
    std::string keys;
    for (const LeftSetting& other : draft.left())
      if (other.reason == one.reason)
        keys += fmt::format("{}{}", keys.empty() ? "" : ", ", other.setting.key);
    text +=
        fmt::format("{}{} ({})", text.empty() ? "; not carried over: " : "; ", keys, one.reason);
  }
  return text;
}

std::string summary(const Outcome& outcome, bool dry) {
  const Draft& draft = outcome.draft;
  std::string text =
      printable(fmt::format("{}: {} of {}{}", draft.source(), draft.carried(),
                            counted(draft.settings(), "setting"), words_of_left(draft)));
  for (const std::string& remark : draft.remarks()) text += "\n  note: " + printable(remark);
  for (const std::string& fault : outcome.file.refused) text += "\n  refused: " + printable(fault);
  if (!outcome.failure.empty())
    return text + "\n  not written: " + printable(outcome.failure) + "\n";
  return text + (dry ? "\n" : "\n  written: " + printable(outcome.path) + "\n");
}

void put_outcome(JsonWriter& writer, const Outcome& outcome, bool dry) {
  const Draft& draft = outcome.draft;
  writer.begin_object();
  writer.member("name", draft.name()).member("source", draft.source()).member("file", outcome.path);
  writer.member("written", outcome.written).member("settings", draft.settings());
  writer.member("carried", draft.carried()).key("left").begin_array();
  for (const LeftSetting& one : draft.left()) {
    writer.begin_object();
    writer.member("section", one.setting.section).member("key", one.setting.key);
    writer.member("value", one.setting.value).member("file", one.setting.file);
    if (one.setting.line > 0) writer.member("line", one.setting.line);
    writer.member("reason", one.reason).end_object();
  }
  writer.end_array().member("notes", draft.remarks()).member("refused", outcome.file.refused);
  if (!outcome.failure.empty()) writer.member("failure", outcome.failure);
  if (dry) writer.member("text", outcome.file.text);
  writer.end_object();
}

/// Writes the file, unless another file is in its place or a server would refuse it.
void write(Outcome& outcome) {
  if (!outcome.file.refused.empty()) {
    outcome.failure = "it would be refused; --dry-run prints it";
    return;
  }
  if (path_exists(outcome.path)) {
    outcome.failure =
        fmt::format("{} exists; remove it, or choose another directory with --to", outcome.path);
    return;
  }
  const auto done = in_its_directory(
      outcome.path, [&] { return replace_file(outcome.path, outcome.file.text, FileOwner{}); });
  outcome.written = done.has_value();
  if (!done) outcome.failure = done.error().text;
  if (!done) outcome.status = ExitStatus::usage;
}

std::string_view kind_asked_for(VerbContext& context) {
  const std::string from = context.arguments.value("from");
  if (from.empty() && !context.arguments.has("from")) return {};
  for (const std::string_view kind : foreign_kinds())
    if (kind == from) return kind;
  throw VerbFailure{ExitStatus::usage, fmt::format("--from {} is unknown: it is one of {}", from,
                                                   join(foreign_kinds(), ", "))};
}

}  // namespace

int run_import(VerbContext& context) {
  const bool dry = context.arguments.has("dry-run");
  const std::string folder =
      without_end_slashes(context.arguments.has("to") ? context.arguments.value("to") : ".");
  Imported imported = import_paths(context.arguments.rest, kind_asked_for(context));
  withdraw_refused(imported.drafts);
  const std::vector<ImportedFile> files = files_of(imported.drafts);

  int status = ExitStatus::done;
  JsonWriter json;
  json.begin_object().key("files").begin_array();
  for (std::size_t i = 0; i < files.size(); ++i) {
    Outcome outcome{imported.drafts[i], files[i], fmt::format("{}/{}", folder, files[i].name)};
    if (!dry) write(outcome);
    const bool whole = outcome.draft.left().empty() && outcome.file.refused.empty();
    if (!whole) status = std::max<int>(status, ExitStatus::failed);
    if (!outcome.failure.empty()) status = std::max(status, outcome.status);
    put_outcome(json, outcome, dry);
    if (context.json()) continue;
    if (dry)
      context.print(fmt::format("# {}{}\n{}\n", printable(outcome.path),
                                outcome.file.refused.empty() ? "" : ": refused, is not written",
                                outcome.file.text));
    dry ? context.print_error(summary(outcome, dry)) : context.print(summary(outcome, dry));
  }
  json.end_array().key("faults").begin_array();
  for (const ImportFault& fault : imported.faults) {
    const int its = fault.is_part ? ExitStatus::failed : ExitStatus::usage;
    status = std::max(status, context.fail(its, fault.path, fault.text));
    json.begin_object().member("path", fault.path).member("text", fault.text).end_object();
  }
  if (context.json()) context.print_json(json.end_array().end_object().take());
  return status;
}

}  // namespace zinit
