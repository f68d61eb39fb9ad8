// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The checksum for data that one process image leaves to the next.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zinit {

/// The checksum of `block` without its first eight bytes, where the checksum itself is stored.
/// Finds damage, not malice. The algorithm must never change, because all versions of zinit use it.
[[nodiscard]] std::uint64_t checksum_of(const std::byte* block, std::size_t size) noexcept;

}  // namespace zinit
