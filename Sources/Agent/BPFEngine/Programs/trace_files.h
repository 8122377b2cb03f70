// From a descriptor to the file it means, and to the file's name.
#ifndef CULPRIT_TRACE_FILES_H
#define CULPRIT_TRACE_FILES_H

#include "file_types.h"
#include "trace_tables.h"
#include <bpf/bpf_core_read.h>

/// Where a name is put together, and how far that has come.
struct name_scratch {
  __u64 dentry, mount;
  __u32 bytes, is_cut;
  // Room for a name of 255 bytes more than is used.
  char text[CULPRIT_TRACE_NAME + 256];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct name_scratch);
} name_scratch SEC(".maps");

/// The file that a descriptor of the running task means; 0 where it means none.
static __always_inline __u64 file_of(struct task_struct *task, __s32 descriptor) {
  struct fdtable *table = task->files->fdt;
  if (descriptor < 0 || (__u32)descriptor >= table->max_fds) return 0;
  struct file **places = table->fd;
  struct file *file = 0;
  bpf_probe_read_kernel(&file, sizeof file, places + descriptor);
  return (__u64)file;
}

/// What tells a file, under one of its names, from all others. An address alone won't do: memory of
/// a file that is closed is used again for the next one that is opened.
__noinline __u64 identity_of(__u64 address) {
  struct file *file = (struct file *)address;
  struct path path = {};
  bpf_core_read(&path, sizeof path, &file->f_path);
  struct qstr name = {};
  bpf_core_read(&name.hash_len, sizeof name.hash_len, &path.dentry->d_name.hash_len);
  __u64 parent = (__u64)BPF_CORE_READ(path.dentry, d_parent);
  __u64 inode = BPF_CORE_READ(file, f_inode, i_ino);
  __u64 value = mix((__u64)path.dentry) ^ (__u64)path.mnt;
  value = mix(value ^ value >> 32) ^ parent;
  value = mix(value ^ value >> 32) ^ name.hash_len;
  value = mix(value ^ value >> 32) ^ inode;
  value = mix(value ^ value >> 32);
  return value ? value : 1;
}

/// Puts a text behind those that are there. Returns -1 where no more fits.
static __always_inline int append(struct name_scratch *scratch, const void *text) {
  __u32 bytes = scratch->bytes;
  if (bytes > CULPRIT_TRACE_NAME - 256) {
    scratch->is_cut = 1;
    return -1;
  }
  long length = bpf_probe_read_kernel_str(scratch->text + bytes, 256, text);
  if (length <= 0) return -1;
  scratch->bytes = bytes + (__u32)length;
  return 0;
}

/// Goes one step from a file to the root of its mount namespace. Returns 0 while it goes on.
__noinline int climb(void) {
  __u32 zero = 0;
  struct name_scratch *scratch = bpf_map_lookup_elem(&name_scratch, &zero);
  if (!scratch) return 1;
  struct dentry *dentry = (struct dentry *)scratch->dentry;
  struct mount *mount = (struct mount *)scratch->mount;
  if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
    struct mount *parent = BPF_CORE_READ(mount, mnt_parent);
    if (parent == mount || !parent) return 1;
    scratch->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
    scratch->mount = (__u64)parent;
    return 0;
  }
  struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
  if (parent == dentry || !parent) return 1;
  if (append(scratch, BPF_CORE_READ(dentry, d_name.name))) return 1;
  scratch->dentry = (__u64)parent;
  return 0;
}

static __always_inline void spell_path(struct name_scratch *scratch) {
  for (int depth = 0; depth < CULPRIT_TRACE_DEPTH; depth++)
    if (climb()) return;
  scratch->is_cut = 1;
}

/// Moves the name that was put together to the names of this half. Returns -1 where they are full.
static __always_inline int keep_name(struct name_scratch *scratch,
                                     struct culprit_trace_file *entry) {
  __u32 zero = 0, half = shared.epoch & 1, bytes = scratch->bytes;
  char *all = bpf_map_lookup_elem(&names, &zero);
  if (!all || bytes > CULPRIT_TRACE_NAME) return -1;
  if (shared.name_bytes[half] > sizes.name_bytes - CULPRIT_TRACE_NAME) return -1;
  __u32 offset = __sync_fetch_and_add(&shared.name_bytes[half], bytes);
  if (offset > sizes.name_bytes - CULPRIT_TRACE_NAME) return -1;
  offset += half * sizes.name_bytes;
  bpf_probe_read_kernel(all + offset, bytes, scratch->text);
  entry->name_offset = offset;
  entry->name_bytes = bytes;
  return 0;
}

/// Writes down what a file is called, as /proc/PID/fd would.
__noinline int describe_file(__u64 address, __u32 place) {
  __u32 zero = 0;
  struct culprit_trace_file *entry = bpf_map_lookup_elem(&files, &place);
  struct name_scratch *scratch = bpf_map_lookup_elem(&name_scratch, &zero);
  if (!entry || !scratch) return 0;
  struct file *file = (struct file *)address;
  struct path path = {};
  bpf_core_read(&path, sizeof path, &file->f_path);
  struct inode *inode = BPF_CORE_READ(file, f_inode);
  unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);
  struct dentry *parent = BPF_CORE_READ(path.dentry, d_parent);
  entry->inode = BPF_CORE_READ(inode, i_ino);
  scratch->bytes = 0;
  scratch->is_cut = 0;
  if (magic == SOCKFS_MAGIC) {
    entry->kind = CULPRIT_TRACE_SOCKET;
  } else if (magic == PIPEFS_MAGIC) {
    entry->kind = CULPRIT_TRACE_PIPE;
  } else if (parent == path.dentry && path.dentry != BPF_CORE_READ(path.mnt, mnt_root)) {
    entry->kind = magic == ANON_INODE_FS_MAGIC ? CULPRIT_TRACE_ANONYMOUS : CULPRIT_TRACE_UNMOUNTED;
    append(scratch, BPF_CORE_READ(path.dentry, d_name.name));
    append(scratch, BPF_CORE_READ(inode, i_sb, s_type, name));
  } else {
    entry->kind = CULPRIT_TRACE_PATH;
    scratch->dentry = (__u64)path.dentry;
    scratch->mount = (__u64)path.mnt - bpf_core_field_offset(struct mount, mnt);
    spell_path(scratch);
  }
  entry->is_cut = (__u16)scratch->is_cut;
  if (keep_name(scratch, entry) == 0) entry->is_named = 1;
  return 0;
}

/// The number of a file in keys of totals: its place, counted from 1. `address` is 0 where its name
/// can't be asked for any more.
static __always_inline __u32 file_numbered(__u64 identity, __u64 address) {
  int place = find_file(identity);
  if (place < 0) return CULPRIT_TRACE_OTHER_FILE;
  __u32 index = (__u32)place;
  struct culprit_trace_file *entry = bpf_map_lookup_elem(&files, &index);
  if (entry && !entry->is_named && address) describe_file(address, index);
  return index + 1;
}

#endif
