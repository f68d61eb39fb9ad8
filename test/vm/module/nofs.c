// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A kernel module that makes the kernel one without these file systems: mount(2) of one fails with
// ENODEV from then on, as where the kernel was configured without it.
//
//   insmod nofs.ko types=devtmpfs,cgroup2
#include <linux/fs.h>
#include <linux/module.h>

static char* types[8];
static int count;
module_param_array(types, charp, &count, 0);

static int __init take_away(void) {
  int i;
  for (i = 0; i < count; ++i) {
    struct file_system_type* type = get_fs_type(types[i]);
    if (!type || unregister_filesystem(type)) return -EINVAL;
  }
  return 0;
}

module_init(take_away);
MODULE_DESCRIPTION("takes file systems away from a running kernel");
MODULE_LICENSE("GPL");
