// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The limits for all clients other than root together.
#include "control/quota.hpp"
#include "support/test.hpp"

namespace zinit::test::control_quota {

TEST_CASE("quota: a user has a part of the connections, and all users have theirs", "[quota]") {
  Quota quota(Quota::kClientsOfUser + 2);
  std::vector<SharePtr> shares;
  const auto enters = [&](uid_t user) {
    const SharePtr share = quota.share_for(user);
    quota.enter(share);
    if (share) shares.push_back(share);
    return share != nullptr;
  };
  while (shares.size() < Quota::kClientsOfUser) REQUIRE(enters(1000));
  CHECK_FALSE(enters(1000));
  CHECK(enters(1001));
  CHECK(enters(1002));
  CHECK_FALSE(enters(1003));
  quota.leave(shares.front());
  CHECK(enters(1000));
  for (const SharePtr& share : shares) quota.leave(share);
}

TEST_CASE("quota: what is held counts for its user and for all, until it is not held", "[quota]") {
  Quota quota(10);
  const SharePtr ours = quota.share_for(1000);
  const SharePtr theirs = quota.share_for(1001);
  {
    Held held(ours, 1000);
    Held other(theirs);
    CHECK(held.room() == Quota::kBytesOfUser - 1000);
    CHECK(other.room() == Quota::kBytesOfUser);
    other.set(Quota::kBytesOfUser);
    CHECK(other.room() == 0);
    other.set(Quota::kBytesOfUser - 1);
    CHECK(other.room() == 1);
    const Held third(quota.share_for(1002), Quota::kBytesOfUser);
    CHECK(held.room() == 0);  // all users together hold too much
    Held moved = std::move(held);
    moved.remove(500);
    CHECK(moved.bytes() == 500);
    CHECK(ours->bytes == 500);
    moved = Held(ours, 7);
    CHECK(ours->bytes == 7);
  }
  CHECK(quota.bytes() == 0);
  CHECK(ours->bytes == 0);
}

TEST_CASE("quota: of root nothing is counted, and there is always room", "[quota]") {
  Held held(nullptr, Quota::kBytes);
  CHECK(held.room() == std::numeric_limits<std::size_t>::max());
  held.remove(1);
  CHECK(held.bytes() == Quota::kBytes - 1);
}

}  // namespace zinit::test::control_quota
