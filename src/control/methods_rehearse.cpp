// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// system.rehearse: what a request would do, found on a copy of the board's world
// (model/rehearsal.hpp).
#include <algorithm>
#include <array>
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

/// Something to rehearse. `ask` makes the change in the simulation, and returns the slots whose
/// records it has changed.
struct Scene {
  std::string_view word;
  std::size_t least, most;  // names
  Slots (*ask)(Rehearsal& rehearsal, const Slots& named);
};

template <Requested (*request)(World&, Slot)>
Slots each(Rehearsal& rehearsal, const Slots& named) {
  Slots changed;
  for (const Slot slot : named) {
    const Requested requested = request(rehearsal.world, slot);
    changed.insert(changed.end(), requested.changed.begin(), requested.changed.end());
  }
  return changed;
}

Slots boot(Rehearsal& rehearsal, const Slots& named) {
  return request_pull(rehearsal.world, named.empty() ? started_at_boot(rehearsal.world) : named);
}

constexpr std::size_t kAny = 10000;
constexpr std::array kScenes = {
    Scene{"start", 1, kAny, each<request_start>},
    Scene{"stop", 1, kAny, each<request_stop>},
    Scene{"restart", 1, kAny, each<request_restart>},
    Scene{"isolate", 1, 1,
          [](Rehearsal& rehearsal, const Slots& named) {
            return request_isolate(rehearsal.world, named.front()).changed;
          }},
    Scene{"start-all", 0, 0,
          [](Rehearsal& rehearsal, const Slots&) {
            request_start_all(rehearsal.world);
            return rehearsal.world.graph->order();
          }},
    Scene{
        "stop-all", 0, 0,
        [](Rehearsal& rehearsal, const Slots&) { return request_stop_all(rehearsal.world).done; }},
    Scene{"shutdown", 0, 0,
          [](Rehearsal& rehearsal, const Slots&) { return request_shutdown(rehearsal.world); }},
    Scene{"boot", 0, 1, boot},
    // The main processes of the services that are named have failed already: see `failing`.
    Scene{"fail", 1, kAny, [](Rehearsal&, const Slots& named) { return named; }},
};

const Scene* scene_of(std::string_view word) {
  const auto* const found = std::ranges::find(kScenes, word, &Scene::word);
  return found == kScenes.end() ? nullptr : found;
}

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
    for (const Slot slot : slots_of(failing_)) rehearsal_->fail(slot);
    if (scene_.word == "fail")
      for (const Slot slot : slots_of(names_)) rehearsal_->fail(slot);
    rehearsal_->touched(scene_.ask(*rehearsal_, slots_of(names_)));
  }
  [[nodiscard]] bool step() override { return rehearsal_->proceed(); }
  [[nodiscard]] std::string take() override {
    const World& world = rehearsal_->world;
    JsonWriter writer;
    writer.begin_object().key("changes").begin_array();
    for (const Rehearsal::Change& change : rehearsal_->changes())
      put_rehearsed_change(writer, change, *world.graph);
    writer.end_array().key("outcome").begin_array();
    for (const Slot slot : concerned())
      put_object<protocol::WhyReport>(writer, why(world, slot, rehearsal_->now));
    std::vector<std::string> repeating;
    for (const Slot slot : rehearsal_->repeating()) repeating.push_back(world.graph->name(slot));
    writer.end_array().member("repeating", repeating);
    writer.member("cut", rehearsal_->changes().size() == Rehearsal::kMostChanges);
    return writer.end_object().take();
  }

 private:
  /// The slots of those that are still there.
  [[nodiscard]] Slots slots_of(const std::vector<std::string>& names) const {
    Slots slots;
    for (const std::string& name : names)
      if (const Slot slot = rehearsal_->world.graph->find_loaded(name); slot != kNoSlot)
        slots.push_back(slot);
    return slots;
  }

  /// The services whose state has changed, and those that were named.
  [[nodiscard]] Slots concerned() const {
    Slots slots = slots_of(names_);
    for (const Slot slot : rehearsal_->changed())
      if (std::ranges::find(slots, slot) == slots.end()) slots.push_back(slot);
    return slots;
  }

  RpcContext& context_;
  const Scene& scene_;
  std::vector<std::string> names_;
  const std::vector<std::string> failing_;
  std::unique_ptr<Rehearsal> rehearsal_;
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
  for (const auto* const list : {&names, &failing})
    for (const std::string& name : *list)
      if (const GraphPtr graph = call.context.board.graph(); graph->find_loaded(name) == kNoSlot)
        return service_not_found(call.context.board, name);
  return in_turns(call.context, std::make_shared<Rehearsing>(call.context, *scene, names, failing));
}

// --- the rows ---

constexpr Param kRehearse[] = {
    {"request",
     ParamType::string,
     true,
     {},
     "start, stop, restart, isolate, start-all, stop-all, shutdown, boot or fail"},
    {"names", ParamType::strings, false, {}, "the services or the target that it is about"},
    {"failing",
     ParamType::strings,
     false,
     {},
     "services whose main process is assumed to exit with code 1 as soon as it is spawned"},
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
