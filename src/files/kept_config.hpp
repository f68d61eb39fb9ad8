// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The configuration in force, as facts for the next process image (state/state_facts.hpp). The next
// image uses these facts, because the files on disk may have changed without a reload.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "config/templates.hpp"
#include "model/graph.hpp"
#include "state/state_facts.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

/// Adds to `facts` the differences of `after` from `before`: a fact for each new or changed service
/// and each masked name, and an empty fact for each that is gone. Skips the services in `kept`,
/// sorted by slot: their facts exist already.
void put_changes(const Graph& before, const Graph& after, FactMap& facts,
                 std::span<const GraphEntry> kept = {});

/// The services in force by all facts of put_changes().
struct KeptServices {
  std::vector<GraphEntry> entries;  // by slot
  MaskedNames masked;
};

/// Reads the facts back. `defaults` are from [defaults] in force. Leaves out, and logs, a service
/// whose fact cannot be read. A service is broken if this process image refuses its file and the
/// previous process image did not.
[[nodiscard]] KeptServices kept_services(const FactMap& facts, const ServiceDefaults& defaults);

/// A service without a file, read again from its document with these defaults.
[[nodiscard]] SpecPtr read_again(const SpecPtr& spec, const ServiceDefaults& defaults);

/// Keeps what the board passes on to the next process image.
class KeptState final : public StatePort {
 public:
  explicit KeptState(StateFacts& facts) : facts_(facts) {}
  /// Services whose facts exist already, by slot, until the next call.
  void set_kept(std::vector<GraphEntry> kept) noexcept { kept_ = std::move(kept); }
  void graph_changed(const Graph& before, const Graph& after) noexcept override;
  void keep(SlotFact what, Slot slot, std::string_view value) noexcept override;

 private:
  StateFacts& facts_;
  std::vector<GraphEntry> kept_;
};

/// A template as text for the next process image; and the way back, into `files` and `texts`.
[[nodiscard]] std::string template_fact(const std::string& name, const Templates& templates);
void add_template(const std::string& name, const std::string& fact, Templates::Files& files,
                  Templates::Texts& texts);

}  // namespace zinit
