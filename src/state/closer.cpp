// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors on another thread. See closer.hpp.
#include "state/closer.hpp"

#include "base/memory.hpp"
#include "os/close_waits.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

namespace {

struct Queued {
  Closer::Sender sender;  // released after fd is closed
  KeptFd fd;
};

}  // namespace

void Closer::close(UniqueFd fd, Sender sender) noexcept {
  if (!fd) return;
  const CloseWaits waits = close_waits(fd.get());
  if (waits == CloseWaits::never) return;
  const EssentialAllocations essential;
  const KeptNote note = unwanted_of(sender);
  const auto queued =
      std::make_shared<Queued>(Queued{std::move(sender), KeptFd(std::move(fd), note)});
  // A process for each file in memory would cost more than all else.
  closes_.post([queued, here = waits == CloseWaits::memory] {
    if (!here) close_elsewhere(queued->fd.release(), std::move(queued->sender));
  });
}

void Closer::try_again() noexcept {
  closes_.post([] { close_left(); });
}

}  // namespace zinit
