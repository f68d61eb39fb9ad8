// The configuration in force, as facts for the next image of zinit (os/state_facts.hpp): it goes on
// with that, and not with what is on disk, which may have changed without a reload.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "config/templates.hpp"
#include "model/graph.hpp"
#include "os/state_facts.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

/// Adds to `facts` what is different in `after`: a fact for each service that is new or changed,
/// and for each masked name; empty ones for those that are gone. Of the services in `kept`, in the
/// order of their slots, the facts are there already.
void put_changes(const Graph& before, const Graph& after, FactMap& facts,
                 std::span<const GraphEntry> kept = {});

/// What is in force by all that put_changes() has left.
struct KeptServices {
  std::vector<GraphEntry> entries;  // by slot
  MaskedNames masked;
};

/// Reads it back. `defaults` are those of [defaults] in force. A service whose fact cannot be read
/// is left out, which is logged. One whose file this image refuses where the previous process image
/// did not is broken.
[[nodiscard]] KeptServices kept_services(const FactMap& facts, const ServiceDefaults& defaults);

/// Keeps what the board has to tell the next image.
class KeptState final : public StatePort {
 public:
  explicit KeptState(StateFacts& facts) : facts_(facts) {}
  /// Services whose facts are there already, by slot, until the next call.
  void set_kept(std::vector<GraphEntry> kept) noexcept { kept_ = std::move(kept); }
  void graph_changed(const Graph& before, const Graph& after) noexcept override;
  void keep(std::string_view key, std::string_view value) noexcept override;

 private:
  StateFacts& facts_;
  std::vector<GraphEntry> kept_;
};

}  // namespace zinit
