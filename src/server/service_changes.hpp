// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Adds, replaces and removes services at runtime for clients (control.md, service.set and
// service.delete).
//
// Each change is a task of the file queue, like a reload. The queue's thread checks the config
// against the current graph, and writes or removes the file if the change must persist; if this
// fails, nothing changes. Then the control loop's thread applies the change to the board. A deleted
// service stops first, and its triggers start it no more. When it is down, its file is removed and
// it leaves the graph, unless a client has set or started it again meanwhile. A fact has each
// removal that waits for its stop, so that the next process image goes on with it.
//
// Call everything here on the control loop's thread.
#pragma once

#include <vector>

#include "activation/instances.hpp"
#include "control/daemon.hpp"
#include "files/configuration.hpp"
#include "files/file_queue.hpp"
#include "files/service_file.hpp"
#include "state/state_facts.hpp"

namespace zinit {

class ServiceChanges {
 public:
  /// All parameters outlive this object.
  /// @param templates  returns the templates in force.
  ServiceChanges(FileQueue& queue, Board& board, const Places& places,
                 const GlobalSettings& settings, StateFacts& facts,
                 std::function<TemplatesPtr()> templates)
      : queue_(queue),
        board_(board),
        places_(places),
        settings_(settings),
        facts_(facts),
        templates_(std::move(templates)) {}
  ServiceChanges& operator=(ServiceChanges&&) = delete;

  void set(SetService request, Daemon::SetDone done);
  void remove(const DeleteService& request, Daemon::ServiceDeleteDone done);

  /// Goes on with the removals of the previous process image, after Board::restore().
  void take_over(const FactMap& facts);

  /// Removes deleted services that are down now. Call it after each change of the board.
  void look();

 private:
  struct Set {
    SetService request;
    Daemon::SetDone done;
    TemplatesPtr templates{};
    RequestResult<NewService> made = tl::unexpected(RequestFailure{});  // from the queue's thread
    std::vector<SpecPtr> also{};  // likewise: instances that it depends on
  };
  struct Removal {
    DeleteService request;
    Daemon::ServiceDeleteDone done;
    Daemon::Deleted deleted;  // the effects on others
    RequestResult<std::string> masked_by = tl::unexpected(RequestFailure{});  // likewise
  };

  void stop(const DeleteService& request, const Daemon::ServiceDeleteDone& done);
  [[nodiscard]] Board::Others bring_down(const DeleteService& request);
  [[nodiscard]] bool is_down(const Removal& removal) const;
  [[nodiscard]] RequestResult<std::string> take_file(Removal& removal) const;
  void finish(const std::vector<Removal>& down, const std::optional<Error>& fault);
  [[nodiscard]] static RequestResult<Daemon::Deleted> outcome_of(const Removal& removal,
                                                                 const std::optional<Error>& fault);

  FileQueue& queue_;
  Board& board_;
  const Places& places_;
  const GlobalSettings& settings_;
  StateFacts& facts_;
  const std::function<TemplatesPtr()> templates_;
  std::vector<Removal> stopping_;  // their services are not down yet
};

/// The services in `graph` that were added at runtime and are not in `specs`: a reload keeps them.
/// Leaves out instances of templates, which are made again.
[[nodiscard]] std::vector<SpecPtr> runtime_services(const Graph& graph,
                                                    const std::vector<SpecPtr>& specs);

}  // namespace zinit
