// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors that others have made.
#include "state/closer.hpp"
#include "support/lingering.hpp"
#include "support/test.hpp"

namespace zinit::test::state_closer {

TEST_CASE("closer: nobody waits for a descriptor that takes long to close", "[threads][os]") {
  auto slow = std::make_unique<Lingering>();
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const auto sender = std::make_shared<const Slot>(0);
  {
    Closer closer;
    closer.close(UniqueFd(slow->make()), sender);
    closer.close(std::move(pipe->write), sender);
    char byte = 0;
    CHECK(::read(pipe->read.get(), &byte, 1) == 0);  // a pipe takes no time
    closer.close(std::move(pipe->read), sender);
    closer.close({}, sender);
    CHECK(sender.use_count() > 1);  // it has not been closed
  }
  CHECK(sender.use_count() > 1);
  slow.reset();  // unread data: a reset, and no reason to linger
  CHECK(becomes_true([&] { return sender.use_count() == 1; }));
}

}  // namespace zinit::test::state_closer
