// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors that others have made.
#include "state/closer.hpp"

#include <fcntl.h>

#include "state/disposal.hpp"
#include "support/hanging_file.hpp"
#include "support/lingering.hpp"
#include "support/test.hpp"

namespace zinit::test::state_closer {

TEST_CASE("closer: nobody waits for a descriptor that takes long to close", "[root][threads][os]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  const Lingering lingering;
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const auto sender = std::make_shared<const Slot>(0);
  {
    Closer closer;
    closer.close(UniqueFd(::open(hanging.path().c_str(), O_RDONLY | O_CLOEXEC)), sender);
    REQUIRE(becomes_true([&] { return hanging.asked() > 0; }));
    closer.close(UniqueFd(lingering.make()), sender);
    closer.close(std::move(pipe->write), sender);
    char byte = 0;
    CHECK(::read(pipe->read.get(), &byte, 1) == 0);  // a pipe takes no time
    closer.close(std::move(pipe->read), sender);
    closer.close({}, sender);
  }
  hanging.end();
  CHECK(becomes_true([&] { return sender.use_count() == 1; }));
  // The process that has closed the file ends once it has.
  CHECK(becomes_true([] {
    forget_ended_disposals();
    return !disposal_under_way();
  }));
}

}  // namespace zinit::test::state_closer
