// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods service.* that add, replace and remove services, and the requests about all of them.
#include <utility>

#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/templates.hpp"
#include "config/value_text.hpp"
#include "control/answers.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

void hide(JsonValue& value) {
  if (!value.IsObject()) {
    value.SetString("***");
    return;
  }
  each_member(value, [](auto& member) { member.value.SetString("***"); });
}

/// The document without the values of `env`, because they may be secrets. It hides the values of
/// unknown keys too, because such a key may be a misspelt `env`; and values in no section, because
/// their header may be missing or wrong.
std::string without_secrets(const std::string& text) {
  JsonDocument document = json_from(text).value();
  each_member(document, [](auto& section) {
    if (!section.value.IsObject()) return hide(section.value);
    each_member(section.value, [&](auto& key) {
      const std::string_view name = text_of(key.name);
      if (name == "env" || find_key(text_of(section.name), name) == nullptr) hide(key.value);
    });
  });
  return json_of(document);
}

// Leaves the effects out if there are none, which is the usual case.
EffectsSource effects_if_any(const Board& board, const Board::Others& others) {
  return others.empty() ? EffectsSource() : effects_of(board, others);
}

std::string set_json(const Board& board, const Board::SetReport& report) {
  struct Source : EffectsSource {
    std::string_view name;
    bool created;
    const std::vector<std::string>& warnings;
    bool restarted;
  };
  return object_json<protocol::SetResult>(Source{effects_if_any(board, report.others), report.name,
                                                 report.created, report.warnings,
                                                 report.restarted});
}

std::string removed_json(const Board& board, const Daemon::Deleted& deleted) {
  struct Source : EffectsSource {
    const std::vector<std::string>& warnings;
    bool ok = true;
  };
  return object_json<protocol::RemoveResult>(
      Source{effects_if_any(board, deleted.others), deleted.warnings});
}

/// A request about all services of class user.
struct AboutAll {
  RequestResult<Board::Bulk> (Board::*act)();
  std::string_view done;  // the member of the answer
  bool (*succeeded)(const ServiceView& view);
};

bool has_started(const ServiceView& view) {
  return view.record.state == State::running ||
         (view.record.state == State::exited && view.record.done);
}
bool has_stopped(const ServiceView& view) { return at_rest(view.record.state) && view.pid == 0; }
/// True for a removed service that is down: it will leave the graph soon.
bool is_gone(const ServiceView& view) { return view.removed && has_stopped(view); }

std::string words_of(const ServiceView& view) {
  const State state = view.record.state;
  if (state == State::failed) return "failed: " + reason_text(view.record.reason, *view.spec);
  if (!view.conflicts_with.empty())
    return fmt::format("is {}: conflicts with {}", state_name(state),
                       join(view.conflicts_with, ", "));
  if (view.restart_in_ms >= 0)
    return restart_text(view.restart_in_ms, cause_of_delay(view.record, *view.spec));
  if (view.record.by_itself && state == State::exited)
    return "exited by itself and is not restarted";
  if (view.waiting_on.empty()) return fmt::format("is {}", state_name(state));
  const Waiting& first = view.waiting_on.front();
  return fmt::format("waits for {}, which {}", first.name, first.reason);
}

/// A request about all services, and the names of the services that have not settled yet.
struct BulkWait {
  Board::Bulk asked;
  std::vector<std::string> unsettled;
  bool asked_daemon = false;
  bool in_force = false;  // sockets of deleted services are closed

  bool over(const Board& board) {
    for (; !unsettled.empty(); unsettled.pop_back()) {
      const auto brief = board.brief(unsettled.back());
      if (brief && (!brief->settled || brief->leaving)) return false;
    }
    return true;
  }

  [[nodiscard]] std::string answer(const Board& board, const AboutAll& about) const {
    std::vector<std::string> done;
    struct Source {
      std::vector<Board::Bulk::Left> skipped, failed;
    } source{asked.skipped, asked.failed};
    for (const std::string& name : asked.done) {
      const auto view = board.view(name);
      if (!view || about.succeeded(*view))
        done.push_back(name);
      else if (view->record.skipped)
        source.skipped.push_back({name, reason_text(view->record.reason)});
      else
        source.failed.push_back({name, words_of(*view)});
    }
    JsonWriter writer;
    writer.begin_object().member(about.done, done);
    put_members<protocol::BulkResult>(writer, source);
    return writer.end_object().take();
  }
};

constexpr AboutAll kStartAll{&Board::start_all, "started", has_started};
constexpr AboutAll kStopAll{&Board::stop_all, "stopped", has_stopped};
constexpr AboutAll kDeleteAll{&Board::delete_all, "deleted", is_gone};

template <const AboutAll& about>
Outcome carry_out(Call& call) {
  Board& board = call.context.board;
  auto bulk = (board.*about.act)();
  if (!bulk) return refused(call.context, "", bulk.error());
  const auto wait = std::make_shared<BulkWait>();
  wait->unsettled = bulk->done;
  wait->asked = *std::move(bulk);
  Later later;
  later.look = [&context = call.context, wait]() -> std::optional<RpcResult> {
    if (!wait->over(context.board)) return std::nullopt;
    if (!std::exchange(wait->asked_daemon, true)) {
      context.daemon.when_in_force([&context, wait] {
        wait->in_force = true;
        context.look_again();
      });
    }
    if (!wait->in_force) return std::nullopt;
    return wait->answer(context.board, about);
  };
  return later;
}

/// The name in the config; empty if it is missing or not valid for a service.
std::string name_in(const JsonValue& config) {
  for (const KindInfo& kind : kKinds) {
    const auto table = config.FindMember(kind.name.data());
    if (table == config.MemberEnd() || !table->value.IsObject()) continue;
    const auto name = table->value.FindMember("name");
    if (name == table->value.MemberEnd() || !name->value.IsString()) continue;
    if (std::string text(text_of(name->value)); !name_fault(text)) return text;
  }
  return {};
}

Outcome service_get(Call& call) {
  const std::optional<ServiceView> view = call.context.board.view(name_of(call));
  if (!view) return service_not_found(call.context, name_of(call));
  const ServiceSpec& spec = *view->spec;
  // a file that could not be parsed has no document
  const std::string& document = spec.document.empty() ? "{}" : spec.document;
  JsonWriter writer;
  writer.begin_object().key("config");
  writer.put_raw(call.right == Right::full ? document : without_secrets(document));
  put_members<protocol::ServiceConfig>(writer, spec);
  return writer.end_object().take();
}

Outcome service_set(Call& call) {
  const JsonValue& config = *call.params.object("config");
  const std::string name = name_in(config);
  if (is_template_name(name)) {
    return refused(call.context, name,
                   {Refusal::config_error,
                    fmt::format("{} is the name of a template, which is a file: put it in a "
                                "directory of services, then reload",
                                name),
                    {}});
  }
  auto document = value_from_json(config);
  if (!document) {
    return refused(call.context, name,
                   {Refusal::config_error,
                    "the config is wrong: " + document.error(),
                    {"error: " + document.error()}});
  }
  const Awaited<Board::SetReport> awaited;
  call.context.daemon.set_service(
      {*std::move(document), call.params.boolean("persist"), call.params.boolean("start"),
       call.params.boolean("check")},
      awaited.as(call.context, name, [&board = call.context.board](const auto& report) {
        return set_json(board, *report);
      }));
  return awaited.later();
}

Outcome service_delete(Call& call) {
  const std::string name(name_of(call));
  const Awaited<Daemon::Deleted> awaited;
  call.context.daemon.delete_service(
      {name, call.params.boolean("persist"), call.params.boolean("cascade")},
      awaited.as(call.context, name, [&board = call.context.board](const auto& deleted) {
        return removed_json(board, *deleted);
      }));
  return awaited.later();
}

// --- the rows ---

constexpr Param kConfig{"config", ParamType::object, true, {}, "the sections of a service file"};
constexpr Param kStart{"start", ParamType::boolean, false, "true",
                       "start it, if it is new or its wish is down"};
constexpr Param kSetParams[] = {
    kConfig,
    {"persist", ParamType::boolean, false, "false", "write its file too"},
    kStart,
    kCheck,
};
constexpr Param kDelete[] = {
    kName,
    {"persist", ParamType::boolean, false, "false", "remove its file too; a vendor's is masked"},
    {"cascade", ParamType::boolean, false, "false",
     "stop services that require it, and remove these dependencies; else the call is refused"},
};
constexpr std::string_view kSetAliases[] = {"service.create", "service.update", "service.add",
                                            "service.register", "service.monitor"};
constexpr std::string_view kDeleteAliases[] = {"service.remove"};

// clang-format off
constexpr Method kChangeMethods[] = {
    {"service.get",             {}, kJustName,        Right::read, service_get,
     "Returns the sections of a service file as they were read",
     Shapes::one<protocol::ServiceConfig>},
    {"service.set",             kSetAliases, kSetParams, Right::full, service_set,
     "Adds or replaces a service", Shapes::one<protocol::SetResult>},
    {"service.delete",          kDeleteAliases, kDelete, Right::full, service_delete,
     "Stops a service and removes it", Shapes::one<protocol::RemoveResult>},
    {"service.start_all",       {}, {},               Right::full, carry_out<kStartAll>,
     "Starts all services of class user, except those with status \"ignore\"",
     Shapes::one<protocol::BulkResult>},
    {"service.stop_all",        {}, {},               Right::full, carry_out<kStopAll>,
     "Stops all services of class user, except those that class system requires",
     Shapes::one<protocol::BulkResult>},
    {"service.delete_all",      {}, {},               Right::full, carry_out<kDeleteAll>,
     "Stops and removes all services of class user; their files stay",
     Shapes::one<protocol::BulkResult>},
};
// clang-format on

}  // namespace

std::span<const Method> change_methods() noexcept { return kChangeMethods; }

}  // namespace zinit
