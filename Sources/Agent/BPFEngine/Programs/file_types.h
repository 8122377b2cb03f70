// Kernel types on the way from a thread to the name of a file it has open; see kernel_types.h.
// From include/linux/fdtable.h, fs.h, dcache.h, path.h, mount.h and fs/mount.h.
#ifndef CULPRIT_FILE_TYPES_H
#define CULPRIT_FILE_TYPES_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
  __u64 hash_len;
  const unsigned char *name;
};

struct file_system_type {
  const char *name;
};

struct super_block {
  unsigned long s_magic;
  struct file_system_type *s_type;
};

struct inode {
  __u16 i_mode;
  unsigned long i_ino;
  struct super_block *i_sb;
};

struct dentry {
  struct dentry *d_parent;
  struct qstr d_name;
};

struct vfsmount {
  struct dentry *mnt_root;
};

struct mount {
  struct mount *mnt_parent;
  struct dentry *mnt_mountpoint;
  struct vfsmount mnt;
};

struct path {
  struct vfsmount *mnt;
  struct dentry *dentry;
};

struct file {
  struct path f_path;
  struct inode *f_inode;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};

struct files_struct {
  struct fdtable *fdt;
};

#pragma clang attribute pop

// include/uapi/linux/magic.h; the same for all time.
enum {
  SOCKFS_MAGIC = 0x534F434B,
  PIPEFS_MAGIC = 0x50495045,
  ANON_INODE_FS_MAGIC = 0x09041934,
};

#endif
