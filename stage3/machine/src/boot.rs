//! Guest loaders: each puts a guest into a VM's memory and says in what state its CPU starts.

pub mod linux;
