// Services that clients add, replace and remove at runtime (control.md, service.set and
// service.delete).
//
// Each is done in its turn among reloads. On the queue's thread it is checked against the graph in
// force, and where it is to persist its file is written or removed; so a wrong config or a full
// disk changes nothing. Then the board takes it, on the control loop. A service that is deleted is
// stopped at once; when it is down its file is removed, and it leaves the graph. One that was set
// or started again by then stays.
//
// Threads: everything here on the control loop's thread.
#pragma once

#include <vector>

#include "control/daemon.hpp"
#include "init/configuration.hpp"
#include "init/file_queue.hpp"
#include "init/service_file.hpp"

namespace zinit {

class ServiceChanges {
 public:
  /// All outlive this, and the queue runs nothing more when the board ends.
  ServiceChanges(FileQueue& queue, Board& board, const Places& places,
                 const GlobalSettings& settings)
      : queue_(queue), board_(board), places_(places), settings_(settings) {}
  ServiceChanges(const ServiceChanges&) = delete;
  ServiceChanges& operator=(const ServiceChanges&) = delete;

  void set(SetService request, Daemon::SetDone done);
  void remove(const DeleteService& request, Daemon::DeleteDone done);

  /// Removes those that have come down. After each change of the board.
  void look();

 private:
  struct Set {
    SetService request;
    Daemon::SetDone done;
    RequestResult<NewService> made = tl::unexpected(RequestFailure{});  // by the queue's thread
  };
  struct Removal {
    DeleteService request;
    Daemon::DeleteDone done;
    RequestResult<std::string> masked_by = tl::unexpected(RequestFailure{});  // likewise
  };

  void stop(const DeleteService& request, const Daemon::DeleteDone& done);
  [[nodiscard]] bool is_down(const Removal& removal) const;
  [[nodiscard]] RequestResult<std::string> take_file(const DeleteService& request) const;
  void finish(const std::vector<Removal>& down, const std::optional<Error>& fault);
  [[nodiscard]] static RequestResult<void> outcome_of(const Removal& removal,
                                                      const std::optional<Error>& fault);

  FileQueue& queue_;
  Board& board_;
  const Places& places_;
  const GlobalSettings& settings_;
  std::vector<Removal> stopping_;  // until their services are down
};

/// The specs of services that were added at runtime and are not among `specs`: a reload keeps them.
[[nodiscard]] std::vector<SpecPtr> runtime_services(const Graph& graph,
                                                    const std::vector<SpecPtr>& specs);

}  // namespace zinit
