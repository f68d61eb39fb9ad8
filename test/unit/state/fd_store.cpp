// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Descriptors that an earlier process image has stored for a service.
#include "watch/fd_store.hpp"
#include "support/test.hpp"

#include "os/low_numbers.hpp"

namespace zinit::test::state_fd_store {

TEST_CASE("stored descriptors with low numbers get higher ones in the next image", "[os][kept]") {
  const std::string said = test::in_child([]() -> std::string {
    if (!leaves_lowest()) return "moved";  // no room above
    if (!make_kept_list()) return "no list";
    const int low = ::eventfd(0, EFD_CLOEXEC);
    if (low < 0 || low >= kFirstOfStrangers) return "no low descriptor";
    // Left open, as by a process image that has executed the next one.
    auto* const kept = new KeptFd(UniqueFd(low), {KeptKind::stored, 0, 7});
    if (kept->get() != low) return "not kept";
    const std::string key = "stored/" + std::to_string(low);
    StateFacts facts;
    if (!facts.set(FactMap{{key, "name"}})) return "no facts";
    auto inherited = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
    if (!inherited) return "no inheritance";
    FdStore store(std::make_shared<Closer>(), facts);
    store.take_over(*inherited, FactMap{{key, "name"}}, [](Slot) { return Closer::Sender(); });
    const FdStore::Entries all = store.of(7);
    if (all.size() != 1 || all[0]->name != "name") return "not stored";
    if (all[0]->fd.get() < kFirstOfStrangers) return "still low";
    if (::fcntl(low, F_GETFD) >= 0) return "still open";
    // After one more re-execution the name is found under the new number alone.
    auto again = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
    if (!again) return "no inheritance again";
    const auto stored = again->take_all(KeptKind::stored);
    if (stored.size() != 1 || stored[0].fd.get() != all[0]->fd.get()) return "not in the list";
    if (stored[0].note.slot != 7) return "of another slot";
    const KeptFd written = again->take(KeptKind::facts);
    const auto left = read_facts(written.get());
    const std::string new_key = "stored/" + std::to_string(all[0]->fd.get());
    return left && *left == FactMap{{new_key, "name"}} ? "moved" : "other facts";
  });
  CHECK(said == "moved");
}

}  // namespace zinit::test::state_fd_store
