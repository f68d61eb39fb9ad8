// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// system.rehearse: what a request would do, found on a copy of the board's world
// (model/rehearsal.hpp).
#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "base/format.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/views.hpp"
#include "model/rehearsal.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

/// Something to rehearse. `ask` makes the change in the simulation for one of the names, or for
/// kNoSlot if there is none, and returns the slots whose records it has changed.
struct Scene {
  std::string_view word;
  std::size_t least, most;  // names
  Slots (*ask)(Rehearsal& rehearsal, Slot named);
  bool starts = false;  // the board refuses it once a shutdown has begun

  /// What a reload has removed can still be stopped, but not be started.
  [[nodiscard]] Slot find(const Graph& graph, const std::string& name) const {
    return starts ? graph.find_loaded(name) : graph.find(name);
  }
};

template <Requested (*request)(World&, Slot)>
Slots ask(Rehearsal& rehearsal, Slot named) {
  return request(rehearsal.world, named).changed;
}

Slots fail(Rehearsal& rehearsal, Slot named) {
  rehearsal.fail(named);
  return {named};
}

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMostChangesShown = 10000;
constexpr std::array kScenes = {
    Scene{"start", 1, kAny, ask<request_start>, true},
    Scene{"stop", 1, kAny, ask<request_stop>},
    Scene{"restart", 1, kAny, ask<request_restart>, true},
    Scene{"isolate", 1, 1,
          [](Rehearsal& rehearsal, Slot target) {
            return request_isolate(rehearsal.world, target).changed;
          },
          true},
    Scene{"start-all", 0, 0,
          [](Rehearsal& rehearsal, Slot) {
            request_start_all(rehearsal.world);
            return rehearsal.world.graph->order();
          },
          true},
    Scene{"stop-all", 0, 0,
          [](Rehearsal& rehearsal, Slot) { return request_stop_all(rehearsal.world).done; }},
    Scene{"shutdown", 0, 0,
          [](Rehearsal& rehearsal, Slot) { return request_shutdown(rehearsal.world); }},
    Scene{"boot", 0, 1,
          [](Rehearsal& rehearsal, Slot target) { return request_boot(rehearsal.world, target); }},
    Scene{"fail", 1, kAny, fail},
};

const Scene* scene_of(std::string_view word) {
  const auto* const found = std::ranges::find(kScenes, word, &Scene::word);
  return found == kScenes.end() ? nullptr : found;
}

/// One name, step of the simulation, change or outcome per step.
class Rehearsing final : public Turns {
 public:
  Rehearsing(RpcContext& context, const Scene& scene, std::vector<std::string> names,
             std::vector<std::string> failing)
      : context_(context), scene_(scene), names_(std::move(names)), failing_(std::move(failing)) {}

  void begin() override {
    const bool boots = scene_.word == "boot";
    Board::Present present = context_.board.present();
    rehearsal_ = std::make_unique<Rehearsal>(std::move(present.world), present.at,
                                             std::move(present.start_takes), boots);
    const std::string target = context_.daemon.info().boot_target;
    if (boots && names_.empty() && !target.empty()) names_.push_back(target);
    to_fail_ = slots_of(failing_);
    to_ask_ = concerned_ = slots_of(names_);
    if (gone_) return;
    if (names_.empty()) to_ask_.push_back(kNoSlot);
    writer_.begin_object().key("changes").begin_array();
  }

  [[nodiscard]] bool step() override {
    if (gone_) return false;
    if (!to_fail_.empty()) {
      rehearsal_->fail(to_fail_.back());
      to_fail_.pop_back();
    } else if (asked_ < to_ask_.size()) {
      rehearsal_->touched(scene_.ask(*rehearsal_, to_ask_[asked_++]));
    } else if (!over_) {
      over_ = !rehearsal_->proceed();
    } else if (shown_ < std::min(rehearsal_->changes().size(), kMostChangesShown)) {
      put_rehearsed_change(writer_, rehearsal_->changes()[shown_++], *rehearsal_->world.graph);
    } else if (explained_ <= concerned_.size()) {
      explain();
    } else {
      return false;
    }
    return true;
  }

  [[nodiscard]] RpcResult take() override {
    if (gone_) return tl::unexpected(service_not_found(context_, *gone_));
    std::vector<std::string> repeating;
    for (const Slot slot : rehearsal_->repeating())
      repeating.push_back(rehearsal_->world.graph->name(slot));
    writer_.end_array().member("repeating", repeating);
    writer_.member("cut",
                   rehearsal_->cut_off() || rehearsal_->changes().size() > kMostChangesShown);
    return writer_.end_object().take();
  }

 private:
  /// The slots of the services, without repetition. One may have gone while the call waited.
  [[nodiscard]] Slots slots_of(const std::vector<std::string>& names) {
    const Graph& graph = *rehearsal_->world.graph;
    Search seen(graph.slots());
    Slots slots;
    for (const std::string& name : names) {
      const Slot slot = scene_.find(graph, name);
      if (slot == kNoSlot)
        gone_ = name;
      else if (seen.mark(slot))
        slots.push_back(slot);
    }
    return slots;
  }

  /// Begins the outcome, then adds one service. A chain of reasons may be as long as the graph, and
  /// each link names its root cause, so only the direct reasons are reported.
  void explain() {
    if (explained_++ == 0) {
      writer_.end_array().key("outcome").begin_array();
      Search seen(rehearsal_->world.graph->slots());
      for (const Slot slot : concerned_) seen.mark(slot);
      for (const Slot slot : rehearsal_->changed())
        if (seen.mark(slot)) concerned_.push_back(slot);
      return;
    }
    WhyReport report = why(rehearsal_->world, concerned_[explained_ - 2], rehearsal_->now);
    std::erase_if(report.reasons, [](const WhyReason& reason) { return reason.depth > 0; });
    put_object<protocol::WhyReport>(writer_, report);
  }

  RpcContext& context_;
  const Scene& scene_;
  std::vector<std::string> names_;
  const std::vector<std::string> failing_;
  std::optional<std::string> gone_;  // a name that has left the graph meanwhile
  std::unique_ptr<Rehearsal> rehearsal_;
  Slots to_fail_, to_ask_;
  std::size_t asked_ = 0;
  bool over_ = false;
  std::size_t shown_ = 0;  // changes
  Slots concerned_;        // those that were named, and those whose state has changed
  std::size_t explained_ = 0;
  JsonWriter writer_;
};

Outcome system_rehearse(Call& call) {
  const std::string_view word = *call.params.string("request");
  const Scene* const scene = scene_of(word);
  if (scene == nullptr) {
    std::vector<std::string> words;
    for (const Scene& one : kScenes) words.emplace_back(one.word);
    return RpcError(RpcCode::invalid_params, fmt::format("\"{}\" cannot be rehearsed", word))
        .hint("it is one of " + join(words, ", "));
  }
  const std::vector<std::string> names = call.params.strings("names");
  const std::vector<std::string> failing = call.params.strings("failing");
  if (names.size() < scene->least || names.size() > scene->most)
    return RpcError(RpcCode::invalid_params, fmt::format("{} takes {}", word,
                                                         scene->most == 0      ? "no name"
                                                         : scene->most == kAny ? "one name or more"
                                                         : scene->least == 0   ? "one name at most"
                                                                               : "one name"));
  const Board& board = call.context.board;
  const GraphPtr graph = board.graph();
  for (const auto* const list : {&names, &failing}) {
    for (const std::string& name : *list) {
      const Slot slot = scene->find(*graph, name);
      if (slot == kNoSlot) return service_not_found(call.context, name);
      if ((list == &failing || word == "fail") && !graph->spec(slot).has_process())
        return RpcError(RpcCode::invalid_params,
                        fmt::format("{} has no process that could fail", name))
            .about(name);
      if (const std::string why = isolate_refusal(graph->spec(slot));
          word == "isolate" && list == &names && !why.empty())
        return RpcError(RpcCode::invalid_state, why).about(name);
    }
  }
  if (scene->starts && board.shutting_down())
    return RpcError(RpcCode::shutting_down, "a shutdown has begun already");
  return in_turns(call.context, std::make_shared<Rehearsing>(call.context, *scene, names, failing));
}

// --- the rows ---

constexpr Param kRehearse[] = {
    {"request",
     ParamType::string,
     true,
     {},
     "start, stop, restart, isolate, start-all, stop-all, shutdown, boot or fail"},
    {"names",
     ParamType::strings,
     false,
     {},
     "the services or the target of the request; none: no name, or the boot's target"},
    {"failing",
     ParamType::strings,
     false,
     {},
     "services whose main process is assumed to exit with code 1 as soon as it is spawned; none: "
     "no service"},
};

// clang-format off
constexpr Method kRehearseMethods[] = {
    {"system.rehearse",         {}, kRehearse,        Right::read, system_rehearse,
     "Returns what a request would do, by a simulation that changes nothing",
     Shapes::one<protocol::Rehearsal>},
};
// clang-format on

}  // namespace

std::span<const Method> rehearse_methods() noexcept { return kRehearseMethods; }

}  // namespace zinit
