// service.*, the part that adds, replaces and removes services, and the requests about all of them.
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/json_value.hpp"
#include "config/keys.hpp"
#include "control/answers.hpp"
#include "control/awaited.hpp"
#include "control/handlers.hpp"
#include "control/json_writer.hpp"

namespace zinit {

namespace {

void hide(JsonValue& value) {
  if (!value.IsObject()) {
    value.SetString("***");
    return;
  }
  each_member(value, [](auto& member) { member.value.SetString("***"); });
}

/// The document, with the values of `env` hidden: they may be secrets. So may those of what is no
/// known key: `env` misspelt.
std::string without_secrets(const std::string& text) {
  JsonDocument document;
  document.Parse<kJsonParse>(text.data(), text.size());
  each_member(document, [](auto& section) {
    if (!section.value.IsObject()) return;
    each_member(section.value, [&](auto& key) {
      const std::string_view name = text_of(key.name);
      if (name == "env" || find_key(text_of(section.name), name) == nullptr) hide(key.value);
    });
  });
  return text_of_document(document);
}

std::string set_json(const RequestResult<Board::SetReport>& report) {
  JsonWriter writer;
  writer.begin_object().member("name", report->name).member("created", report->created);
  writer.member("warnings", report->warnings);
  return writer.end_object().take();
}

void put_left(JsonWriter& writer, std::string_view key,
              const std::vector<Board::Bulk::Left>& list) {
  writer.key(key).begin_array();
  for (const Board::Bulk::Left& left : list) {
    writer.begin_object().member("name", left.name).member("reason", left.reason).end_object();
  }
  writer.end_array();
}

/// One of the requests about all services of class user.
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
/// One that is down leaves the graph a little later.
bool is_gone(const ServiceView& view) { return view.removed && has_stopped(view); }

std::string words_of(const ServiceView& view) {
  const State state = view.record.state;
  if (state == State::failed) return "failed: " + reason_text(view.record.reason);
  if (view.conflicts_with.empty()) return fmt::format("is {}", state_name(state));
  return fmt::format("is {}: conflicts with {}", state_name(state),
                     join(view.conflicts_with, ", "));
}

/// What was asked for, and which of it has not been seen settled yet.
struct BulkWait {
  Board::Bulk asked;
  std::vector<std::string> unsettled;

  bool over(const Board& board) {
    for (; !unsettled.empty(); unsettled.pop_back()) {
      const auto brief = board.brief(unsettled.back());
      if (brief && (!brief->settled || brief->leaving)) return false;
    }
    return true;
  }

  [[nodiscard]] std::string answer(const Board& board, const AboutAll& about) const {
    std::vector<std::string> done;
    std::vector<Board::Bulk::Left> failed = asked.failed;
    for (const std::string& name : asked.done) {
      const auto view = board.view(name);
      if (!view || about.succeeded(*view))
        done.push_back(name);
      else
        failed.push_back({name, words_of(*view)});
    }
    JsonWriter writer;
    writer.begin_object().member(about.done, done);
    put_left(writer, "skipped", asked.skipped);
    put_left(writer, "failed", failed);
    return writer.end_object().take();
  }
};

Outcome carry_out(Call& call, const AboutAll& about) {
  Board& board = call.context.board;
  auto bulk = (board.*about.act)();
  if (!bulk) return refused(board, "", bulk.error());
  const auto wait = std::make_shared<BulkWait>();
  wait->unsettled = bulk->done;
  wait->asked = *std::move(bulk);
  Later later;
  later.look = [&board, wait, about]() -> std::optional<RpcResult> {
    if (!wait->over(board)) return std::nullopt;
    return wait->answer(board, about);
  };
  return later;
}

/// The name that the config gives; empty where it gives none that a service may have.
std::string name_in(const JsonValue& config) {
  for (const char* section : {"service", "target"}) {
    const auto table = config.FindMember(section);
    if (table == config.MemberEnd() || !table->value.IsObject()) continue;
    const auto name = table->value.FindMember("name");
    if (name == table->value.MemberEnd() || !name->value.IsString()) continue;
    if (std::string text(text_of(name->value)); !name_fault(text)) return text;
  }
  return {};
}

}  // namespace

Outcome service_get(Call& call) {
  const std::optional<ServiceView> view = call.context.board.view(name_of(call));
  if (!view) return service_not_found(call.context.board, name_of(call));
  const ServiceSpec& spec = *view->spec;
  // Of a file that could not be parsed there are none.
  const std::string& document = spec.document.empty() ? "{}" : spec.document;
  JsonWriter writer;
  writer.begin_object().key("config");
  writer.put_raw(call.right == Right::full ? document : without_secrets(document));
  writer.key("file");
  spec.file.empty() ? writer.put(nullptr) : writer.put(spec.file);
  return writer.member("runtime", spec.runtime).end_object().take();
}

Outcome service_set(Call& call) {
  const JsonValue& config = *call.params.object("config");
  const std::string name = name_in(config);
  const auto document = value_from_json(config);
  if (!document) {
    return refused(call.context.board, name,
                   {Refusal::config_error,
                    "the config is wrong: " + document.error(),
                    {"error: " + document.error()}});
  }
  const Awaited<Board::SetReport> awaited;
  call.context.daemon.set_service(
      {to_json(*document), call.params.boolean("persist"), call.params.boolean("start")},
      awaited.as(call.context, name, set_json));
  return awaited.later();
}

Outcome service_delete(Call& call) {
  const std::string name(name_of(call));
  const Awaited<void> awaited;
  call.context.daemon.delete_service(
      {name, call.params.boolean("persist"), call.params.boolean("cascade")},
      awaited.as(call.context, name, [](const RequestResult<void>&) { return ok_json(); }));
  return awaited.later();
}

Outcome service_start_all(Call& call) {
  return carry_out(call, {&Board::start_all, "started", has_started});
}
Outcome service_stop_all(Call& call) {
  return carry_out(call, {&Board::stop_all, "stopped", has_stopped});
}
Outcome service_delete_all(Call& call) {
  return carry_out(call, {&Board::delete_all, "deleted", is_gone});
}

}  // namespace zinit
