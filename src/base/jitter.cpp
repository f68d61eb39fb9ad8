// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Delays on demand, only in builds for tests.
#include "base/jitter.hpp"

#ifdef ZINIT_KILL_POINTS

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/text.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

constexpr std::uint64_t kMostNanoseconds = 50'000'000;

// One pass in so many is late: work of thousands of turns still ends within a test's patience.
constexpr std::uint64_t kOneIn = 4;

/// How often a place was passed, and when it may be late again.
struct Place {
  std::atomic<std::uint64_t> passed{0};
  std::atomic<TimePoint::rep> next{0};
};

// More than there are places; places whose names have the same hash share one.
constexpr std::size_t kPlaces = 64;

/// FNV-1a.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The generator splitmix64: the next number after `state`.
std::uint64_t mixed(std::uint64_t state) noexcept {
  state += 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

}  // namespace

std::optional<std::uint64_t> jitter_seed() noexcept {
  static const std::optional<std::uint64_t> seed = []() -> std::optional<std::uint64_t> {
    const char* const text = std::getenv(kJitterVariable.data());
    const auto number = text == nullptr ? std::nullopt : parse_integer(text);
    if (!number) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }();
  return seed;
}

void jitter(std::string_view name) noexcept {
  static std::array<Place, kPlaces> places;
  const auto seed = jitter_seed();
  if (!seed) return;
  const std::uint64_t hash = hash_of(name);
  Place& place = places[hash % kPlaces];
  const std::uint64_t nth = place.passed++;
  const TimePoint now = Clock::now();
  if (now.time_since_epoch().count() < place.next) return;
  const std::uint64_t random = mixed(*seed ^ mixed(hash + nth));
  if (random % kOneIn != 0) return;
  const auto late = std::chrono::nanoseconds(random / kOneIn % kMostNanoseconds);
  place.next = (now + late * 2).time_since_epoch().count();
  timespec left{0, late.count()};
  while (::nanosleep(&left, &left) < 0 && errno == EINTR) {}
}

}  // namespace zinit

#endif
