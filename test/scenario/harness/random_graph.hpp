// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Random graphs of services, and the invariants of a settled one. The seed is printed;
// ZINIT_TEST_SEED repeats a run.

#include <random>
#include <string>
#include <vector>

#include "scenario/harness.hpp"

namespace zinit::test {

using Dice = std::mt19937;

/// The seed of this run, printed.
unsigned seed_of_this_run();

/// A number from 0 to `below` - 1.
int roll(Dice& dice, int below);

/// The name of the i-th service.
std::string name_of(int i);

/// A service that only requires earlier ones, so that there is no cycle.
Toml random_service(Dice& dice, int i);

/// Checks the invariants of a settled graph (behaviour.md, "States" and "Dependencies") in the
/// answer of service.list_full.
/// @param reloaded  a reload may have added a conflict between two running services, which stops
///                  neither
void check_settled(const std::vector<Json>& all, pid_t server, bool reloaded = false);

/// Waits until nothing changes any more: a delay may have looked like rest.
void await_rest(Server& zinit);

}  // namespace zinit::test
