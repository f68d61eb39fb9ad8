#pragma once
// Random graphs of services, and what holds once one has settled. The seed is printed;
// ZINIT_TEST_SEED repeats a run.

#include <random>
#include <string>
#include <vector>

#include "scenario/harness.hpp"

namespace zinit::test {

using Dice = std::mt19937;

/// The seed of this run, printed.
unsigned seed_of_this_run();

/// 0 to `below` - 1.
int roll(Dice& dice, int below);

/// Of the i-th service.
std::string name_of(int i);

/// A service that requires only such as come before it, so that there is no cycle.
Toml random_service(Dice& dice, int i);

/// The invariants of a settled graph (behaviour.md, "States" and "Dependencies"), by what
/// service.list_full answers.
/// @param reloaded  a reload may have added a conflict between two that were running, which stops
///                  neither
void check_settled(const std::vector<Json>& all, pid_t server, bool reloaded = false);

/// Waits until nothing changes any more: a delay may have been seen as rest.
void await_rest(Server& zinit);

}  // namespace zinit::test
