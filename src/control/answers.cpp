// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Functions that the handlers share: see answers.hpp.
#include "control/answers.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/templates.hpp"
#include "control/file_changes.hpp"
#include "control/views.hpp"

namespace zinit {

std::string ok_json() { return R"({"ok":true})"; }

std::string near_hint(std::optional<std::string_view> near) {
  return near ? fmt::format("did you mean {}?", *near) : std::string();
}

RpcError service_not_found(const RpcContext& context, std::string_view name) {
  const Board& board = context.board;
  // Cut the name: one that is too long for any service would fill the message.
  const std::string told = shortened(name, kNameMax);
  RpcError error(RpcCode::service_not_found, fmt::format("no service \"{}\"", printable(told)));
  const GraphPtr graph = board.graph();
  if (const std::string* link = graph->masked_by(name)) {
    return std::move(error).about(name).hint(
        fmt::format("it is masked by {}; `zinitctl unmask {}`, then service.reload, bring it back",
                    *link, graph->masked_as(name)));
  }
  if (graph->find(name) != kNoSlot)
    return std::move(error).about(name).hint("it was removed, and its processes are being stopped");
  const bool of_instance = !template_of(told).empty();
  const std::string of = of_instance           ? std::string(template_of(told))
                         : told.ends_with('@') ? told
                                               : told + '@';
  if (board.has_template(of)) {
    const auto fault = of_instance ? name_fault(std::string(name)) : std::nullopt;
    if (fault) return std::move(error).about(told).hint(printable(*fault));
    return std::move(error).about(told).hint(
        of_instance ? fmt::format("`zinitctl start {}` makes it, an instance of {}", told, of)
                    : fmt::format("{0} is a template: name an instance of it, as {0}NAME", of));
  }
  const auto is_it = [&](const ProxyView& proxy) { return proxy.spec->name == name; };
  if (std::ranges::any_of(context.daemon.proxies(), is_it)) {
    return std::move(error).about(told).hint(
        fmt::format("it is a proxy: `zinitctl xinet status {}` shows it", told));
  }
  const std::vector<std::string> names = board.names();
  // A user of systemd writes the name of the unit, such as web.service.
  const std::string_view stem = std::string_view(told).substr(0, told.rfind('.'));
  const bool has_stem = contains(names, stem);
  return std::move(error).about(told).hint(near_hint(has_stem ? stem : nearest(name, names)));
}

RpcError refused(const RpcContext& context, std::string_view name, const RequestFailure& failure) {
  const auto error = [&](RpcCode code) { return RpcError(code, failure.text).about(name); };
  const auto details = [&] { return json_of(std::span<const std::string>(failure.details)); };
  switch (failure.refusal) {
    case Refusal::not_found: return service_not_found(context, name);
    case Refusal::not_running: return error(RpcCode::not_running);
    case Refusal::shutting_down: return error(RpcCode::shutting_down);
    case Refusal::process_error:
      if (failure.details.empty()) return error(RpcCode::process_error);
      return error(RpcCode::process_error).with("messages", details());
    case Refusal::file_error: return error(RpcCode::file_error);
    case Refusal::not_supported:
      return error(RpcCode::not_supported)
          .hint("restart it, or read its file again with `zinitctl reload --only NAME`");
    case Refusal::already_exists: return error(RpcCode::already_exists);
    case Refusal::config_error: return error(RpcCode::config_error).with("messages", details());
    case Refusal::dependency_error:
      return error(RpcCode::dependency_error)
          .hint(
              "delete these first, or delete it with cascade (--cascade), which stops them and "
              "drops the dependency")
          .with("required_by", details());
    case Refusal::proxy_not_found: return error(RpcCode::proxy_not_found);
    case Refusal::invalid_state: return error(RpcCode::invalid_state);
  }
  return {RpcCode::internal_error, failure.text};
}

Later in_turns(RpcContext& context, std::shared_ptr<Turns> turns) {
  static constexpr std::chrono::microseconds turn_time{500};
  Later later;
  later.works = true;
  later.rests = [&context, turns] {
    const auto owner =
        turns->begun_ ? turns : std::static_pointer_cast<Turns>(context.turns.lock());
    return owner != nullptr && owner->waits();
  };
  later.look = [&context, turns]() -> std::optional<RpcResult> {
    if (!turns->begun_) {
      if (!context.turns.expired()) return std::nullopt;
      context.turns = turns;
      turns->begun_ = true;
      turns->begin();
    }
    if (turns->waits()) return std::nullopt;
    const TimePoint until = Clock::now() + turn_time;
    while (turns->step())
      if (Clock::now() >= until) return std::nullopt;
    return turns->take();
  };
  return later;
}

AnswerLook status_full_of(RpcContext& context, std::string_view name, std::string more) {
  auto view = context.board.view(name);
  if (!view) {
    return [error = service_not_found(context, name)](bool) {
      return std::optional<RpcResult>(tl::unexpected(error));
    };
  }
  const auto ticket = context.file_changes.ask({view->spec});
  return [&context, view = *std::move(view), ticket,
          more = std::move(more)](bool last) -> std::optional<RpcResult> {
    const auto changed = context.file_changes.answer(ticket, last);
    if (!changed) return std::nullopt;
    std::string text = status_full_json(context, view, changed->front());
    if (!more.empty()) text.replace(text.size() - 1, 1, "," + more);
    return text;
  };
}

EffectsSource effects_of(const Board& board, const Board::Others& others) {
  std::vector<std::string> blocked, failed;
  EffectsSource effects;
  effects.also_stopped = others.stopped;
  const auto without_these = [&](std::vector<std::string> names, bool were_up) {
    std::erase_if(names, [&](const std::string& name) {
      const auto brief = board.brief(name);
      if (!brief || brief->leaving) {  // removed meanwhile
        if (were_up) effects.also_stopped->push_back(name);
        return true;
      }
      const bool has_failed = brief->state == State::failed;
      const bool waits = brief->state == State::blocked && brief->settled;
      if (has_failed || waits) (waits ? blocked : failed).push_back(name);
      return has_failed || waits || brief->skipped;
    });
    return names;
  };
  effects.also_started = without_these(others.started, false);
  effects.also_restarted = without_these(others.restarted, true);
  effects.left_stopped = others.left_stopped;
  effects.also_blocked = std::move(blocked);
  effects.also_failed = std::move(failed);
  return effects;
}

std::string_view name_of(const Call& call) { return *call.params.string("name"); }

Outcome outcome_of(const AnswerLook& look) {
  if (auto answer = look(false)) return outcome_of(*std::move(answer));
  return Later{[look] { return look(false); }, kNever, nullptr};
}

Outcome outcome_of(RpcResult result) {
  if (!result) return std::move(result).error();
  return *std::move(result);
}

std::uint64_t subscription_of(const Call& call) {
  return static_cast<std::uint64_t>(*call.params.count("subscription"));
}

Outcome subscribed(std::optional<std::uint64_t> subscription) {
  if (!subscription) {
    return RpcError(RpcCode::invalid_state, "this connection has too many subscriptions")
        .hint("one subscription may be for many services");
  }
  JsonWriter writer;
  return writer.begin_object().member("subscription", *subscription).end_object().take();
}

Outcome unsubscribed(const Call& call, bool existed) {
  if (existed) return ok_json();
  return RpcError(RpcCode::invalid_state,
                  fmt::format("this connection has no subscription {}", subscription_of(call)));
}

}  // namespace zinit
